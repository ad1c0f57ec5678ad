/**
 * Tells, for each status of a broker's client in turn, whether the connection has come up or gone down by it. The client
 * tells one loss, and one return, again for every attempt that was refused in between; here each is told once.
 */
export function upsAndDowns(): (status: { readonly type: string }) => 'up' | 'down' | undefined {
  let isUp = true;
  return ({ type }) => {
    if (type !== (isUp ? 'disconnect' : 'reconnect')) return undefined;
    isUp = !isUp;
    return isUp ? 'up' : 'down';
  };
}
