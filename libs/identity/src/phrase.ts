import { generateMnemonic, mnemonicToSeedSync, validateMnemonic } from '@scure/bip39';
import { wordlist as english } from '@scure/bip39/wordlists/english.js';
import { wordlist as french } from '@scure/bip39/wordlists/french.js';
import { wordlist as italian } from '@scure/bip39/wordlists/italian.js';
import { wordlist as japanese } from '@scure/bip39/wordlists/japanese.js';
import { wordlist as korean } from '@scure/bip39/wordlists/korean.js';
import { wordlist as simplifiedChinese } from '@scure/bip39/wordlists/simplified-chinese.js';
import { wordlist as spanish } from '@scure/bip39/wordlists/spanish.js';
import { wordlist as traditionalChinese } from '@scure/bip39/wordlists/traditional-chinese.js';
import { seedFromEntropy } from './key-pair.ts';

const WORDLISTS = [
  english,
  simplifiedChinese,
  traditionalChinese,
  french,
  italian,
  japanese,
  korean,
  spanish,
];

/**
 * The seed of a BIP-39 phrase of 12, 15, 18, 21 or 24 words in any of its eight languages, without passphrase.
 * @throws Error when words or checksum are wrong.
 */
export function seedFromPhrase(phrase: string): Uint8Array {
  const words = phrase.normalize('NFKD').trim().split(/\s+/);
  const normal = words.join(' ');
  const known = [normal, normal.toLowerCase()].find((text) =>
    WORDLISTS.some((wordlist) => validateMnemonic(text, wordlist)),
  );
  if (known === undefined) {
    throw new Error(
      [12, 15, 18, 21, 24].includes(words.length)
        ? 'The phrase has a wrong word or words in the wrong order'
        : `A phrase has 12, 15, 18, 21 or 24 words, not ${normal === '' ? 0 : words.length}`,
    );
  }
  return seedFromEntropy(mnemonicToSeedSync(known));
}

/** A new phrase of 12 (by default) or 24 English words. */
export function generatePhrase(words: 12 | 15 | 18 | 21 | 24 = 12): string {
  return generateMnemonic(english, (words / 3) * 32);
}
