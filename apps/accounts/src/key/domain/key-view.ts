import type { AnswerInput } from '@decent-cloud/messages';
import type { updateKey } from '@decent-cloud/messages/accounts';

export interface KeyRow {
  readonly id: string;
  readonly publicKey: string;
  readonly addedAtNs: bigint;
  readonly isActive: boolean;
  /** Only invited: its holder has not signed for this account. */
  readonly invited: boolean;
  readonly deviceName: string | null;
  readonly disabledAtNs: bigint | null;
  readonly disabledByKeyId: string | null;
}

/** A key as the API shows it. */
export function showKey(key: KeyRow): AnswerInput<typeof updateKey> {
  return {
    id: key.id,
    publicKey: key.publicKey,
    addedAt: key.addedAtNs,
    isActive: key.isActive,
    invited: key.invited || undefined,
    deviceName: key.deviceName ?? undefined,
    disabledAt: key.disabledAtNs ?? undefined,
    disabledByKeyId: key.disabledByKeyId ?? undefined,
  };
}
