/** What samples are made of. */
export const KEY_A = '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8';
export const KEY_B = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
export const CONTRACT = '5887946279a88a3b2556db6933faddb6ad6d865d52009d19fcdcb998312c8841';
export const ACCOUNT_A = '6e5dbd89f8f145f0945b316f5d1d4a03';
export const ACCOUNT_B = 'c6fa341f99634d12ae3e94f7e4348ed1';
export const AT = 1_795_414_881_239_669_000n;
