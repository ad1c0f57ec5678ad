import { headers as createHeaders, type MsgHdrs } from '@nats-io/transport-node';
import { type Context, context, propagation, type TextMapGetter } from '@opentelemetry/api';

const getter: TextMapGetter<MsgHdrs | undefined> = {
  get: (carrier, key) => carrier?.get(key) || undefined,
  keys: (carrier) => carrier?.keys() ?? [],
};

/** Headers that carry the active trace, plus the given ones. */
export function tracedHeaders(extra: Readonly<Record<string, string>> = {}): MsgHdrs {
  const headers = createHeaders();
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  for (const [name, value] of Object.entries({ ...carrier, ...extra })) headers.set(name, value);
  return headers;
}

/** The trace that a message carries. */
export function traceOf(headers: MsgHdrs | undefined): Context {
  return propagation.extract(context.active(), headers, getter);
}
