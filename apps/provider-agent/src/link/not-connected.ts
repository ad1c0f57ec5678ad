/** The agent is not connected at the moment. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError';
}
