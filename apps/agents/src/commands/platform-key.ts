import { type KeyPair, keyPairFromSeed, signMessage } from '@decent-cloud/identity';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AgentsSettings } from '../settings.ts';

/** The key with which the platform commands agents. */
@Injectable()
export class PlatformKey {
  private readonly key: KeyPair;

  constructor(@Inject(SETTINGS) settings: AgentsSettings) {
    this.key = keyPairFromSeed(settings.PLATFORM_SIGNING_SEED.toLowerCase());
  }

  get publicKeyHex(): string {
    return this.key.publicKeyHex;
  }

  sign<T extends object>(message: T): T & { sig: string } {
    return signMessage(this.key.seed, message);
  }
}
