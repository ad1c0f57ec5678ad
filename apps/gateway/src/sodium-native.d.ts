declare module 'sodium-native' {
  const sodium: {
    crypto_core_ed25519_is_valid_point(point: Uint8Array): boolean;
    crypto_core_ed25519_scalar_reduce(reduced: Uint8Array, scalar: Uint8Array): void;
    crypto_core_ed25519_sub(result: Uint8Array, point: Uint8Array, subtracted: Uint8Array): void;
    crypto_scalarmult_ed25519_noclamp(result: Uint8Array, scalar: Uint8Array, point: Uint8Array): void;
    crypto_scalarmult_ed25519_base_noclamp(result: Uint8Array, scalar: Uint8Array): void;
  };
  export default sodium;
}
