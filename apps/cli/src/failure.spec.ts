import { ApiError } from '@decent-cloud/client';
import { CliError, describeFailure, EXIT } from './failure.ts';

test.each([
  [0, 'NETWORK', EXIT.unreachable],
  [503, 'SERVICE_UNAVAILABLE', EXIT.unreachable],
  [401, 'SIGNATURE_INVALID', EXIT.authentication],
  [403, 'NOT_OWNER', EXIT.authentication],
  [404, 'CONTRACT_NOT_FOUND', EXIT.notFound],
  [402, 'INSUFFICIENT_BALANCE', EXIT.refused],
  [409, 'OUT_OF_STOCK', EXIT.refused],
  [422, 'IDEMPOTENCY_KEY_REUSED', EXIT.refused],
  [400, 'INVALID_INPUT', EXIT.failure],
  [500, 'INTERNAL', EXIT.failure],
] as const)('status %i (%s) is exit code %i', (status, reason, exitCode) => {
  expect(describeFailure(new ApiError({ status, reason, message: 'no' }))).toMatchObject({
    exitCode,
    reason,
  });
});

test('a refusal comes with what to do about it', () => {
  const failure = describeFailure(
    new ApiError({ status: 402, reason: 'INSUFFICIENT_BALANCE', message: 'no', requestId: 'r1' }),
  );
  expect(failure).toMatchObject({ hint: 'Top up the wallet and try again.', requestId: 'r1' });
});

test('own errors keep their code and hint', () => {
  expect(describeFailure(new CliError(EXIT.timeout, 'late', 'wait'))).toEqual({
    exitCode: 8,
    message: 'late',
    hint: 'wait',
  });
});
