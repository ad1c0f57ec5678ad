import { printExactJson } from '@decent-cloud/kernel';
import type { EndpointDeclaration } from '@decent-cloud/messages';
import {
  createEventTicket,
  getHealth,
  getOpenapi,
  getStatus,
  getSwagger,
  openEvents,
} from '@decent-cloud/messages/gateway';
import { openapiDocument, referencePage } from '@decent-cloud/openapi';
import { VERSION } from '@decent-cloud/runtime';
import type { LocalEndpoint } from '../http/local-endpoint.ts';
import { contentSecurityPolicy } from './html.ts';
import type { StatusBoard } from './platform-status.ts';

export interface LocalEndpointParts {
  readonly endpoints: Readonly<Record<string, EndpointDeclaration>>;
  readonly environment: string;
  readonly publicUrl: string;
  readonly board: StatusBoard;
  readonly events: LocalEndpoint;
  readonly ticket: LocalEndpoint;
}

/** What the gateway answers itself, by subject. */
export function localEndpoints(parts: LocalEndpointParts): ReadonlyMap<string, LocalEndpoint> {
  const { board, environment } = parts;
  // Built by the first reader: a hundred milliseconds that no start needs.
  let document: ReturnType<typeof openapiDocument> | undefined;
  const openapi = () => {
    document ??= openapiDocument(parts.endpoints, { version: VERSION, serverUrl: parts.publicUrl });
    return document;
  };
  let openapiText: string | undefined;
  let page: { readonly html: string; readonly policy: string } | undefined;
  const health = printExactJson({
    success: true,
    message: 'Decent Cloud API is running',
    environment,
  });
  return new Map<string, LocalEndpoint>([
    [getHealth.subject, { answer: async () => health }],
    [getStatus.subject, { answer: async () => printExactJson(await board.getStatus()) }],
    [
      getOpenapi.subject,
      {
        async answer({ reply }) {
          openapiText ??= printExactJson(openapi());
          reply.header('cache-control', 'public, max-age=60');
          return openapiText;
        },
      },
    ],
    [
      getSwagger.subject,
      {
        async answer({ reply }) {
          if (!page) {
            const html = referencePage(openapi());
            page = { html, policy: contentSecurityPolicy(html) };
          }
          reply.header('content-security-policy', page.policy);
          reply.header('cache-control', 'public, max-age=60');
          return page.html;
        },
      },
    ],
    [openEvents.subject, parts.events],
    [createEventTicket.subject, parts.ticket],
  ]);
}
