import { parseExactJson, printExactJson, Refusal } from '@decent-cloud/kernel';
import type { FactInput, facts } from '@decent-cloud/messages';
import { text } from '@decent-cloud/messages/wire';
import { z } from 'zod';
import { faultOfAddress } from '../../../coordination/assignment/domain/machine-address.ts';

const maybe = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined);
/** Some write 0 for "not known". */
const port = () => maybe(z.int().min(0).max(65_535)).transform((value) => value || undefined);
const MOST_DETAILS = 4_096;

const reported = z.object({
  external_id: text(256).min(1),
  ip_address: maybe(text(64)),
  ipv6_address: maybe(text(64)),
  public_ip: maybe(text(64)),
  ssh_port: port(),
  root_password: maybe(text(1_024)),
  additional_details: z.unknown().optional(),
  gateway_slug: maybe(text(64)),
  gateway_subdomain: maybe(text(255)),
  gateway_ssh_port: port(),
  gateway_port_range_start: port(),
  gateway_port_range_end: port(),
});
type Instance = Omit<FactInput<typeof facts.machineProvisioned>['instance'], 'provisionerType'>;

/**
 * The machine in a polling agent's own words, apart from the password of its root user.
 * @throws Refusal INVALID that quotes nothing of the text, since it holds a secret
 */
export function readInstance(details: string): {
  readonly instance: Instance;
  readonly rootPassword: string | undefined;
} {
  if (details.trim() === '') {
    throw invalid('Instance details are required when marking a contract as provisioned');
  }
  const told = reported.safeParse(parse(details));
  if (!told.success) {
    const where = told.error.issues[0]?.path.join('.');
    throw invalid(`${NOT_AN_INSTANCE}${where ? `: ${where}` : ''}`);
  }
  const { root_password: rootPassword, additional_details: more, ...rest } = told.data;
  const instance = {
    externalId: rest.external_id,
    publicIp: rest.public_ip,
    ipAddress: rest.ip_address,
    ipv6Address: rest.ipv6_address,
    sshPort: rest.ssh_port ?? 22,
    sshUser: 'root',
    additionalDetails: detailsWithout(rootPassword, more),
    gatewaySlug: rest.gateway_slug,
    gatewaySubdomain: rest.gateway_subdomain,
    gatewaySshPort: rest.gateway_ssh_port,
    gatewayPortRangeStart: rest.gateway_port_range_start,
    gatewayPortRangeEnd: rest.gateway_port_range_end,
  };
  const fault = faultOfAddress(instance);
  if (fault !== undefined) throw invalid(`${NOT_AN_INSTANCE}: ${fault}`);
  return { instance, rootPassword: rootPassword || undefined };
}

/** Nothing of them is kept when the password is somewhere in them, as it is or as JSON writes it. */
function detailsWithout(secret: string | undefined, details: unknown): string | undefined {
  if (details === undefined || details === null) return undefined;
  const written = typeof details === 'string' ? details : printExactJson(details);
  const forms = secret ? [secret, JSON.stringify(secret).slice(1, -1)] : [];
  if (forms.some((form) => written.includes(form))) return undefined;
  return written.replaceAll('\0', '').slice(0, MOST_DETAILS);
}

function parse(details: string): unknown {
  try {
    return parseExactJson(details);
  } catch {
    // The parser's own message quotes the text.
    throw invalid(`${NOT_AN_INSTANCE}: no JSON`);
  }
}

const NOT_AN_INSTANCE = 'Instance details are not those of an instance';
const invalid = (text: string) => new Refusal('INVALID', 'INVALID_INPUT', text);
