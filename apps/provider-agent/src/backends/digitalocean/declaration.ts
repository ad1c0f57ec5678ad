import { z } from 'zod';
import type { BackendDeclaration } from '../declaration.ts';
import { text } from '../table-fields.ts';

const table = z.strictObject({
  api_token: text(),
  default_size: text().default('s-1vcpu-1gb'),
  default_region: text().default('nyc3'),
  default_image: text().default('ubuntu-24-04-x64'),
});

/** Droplets of DigitalOcean. Not to be used yet. */
export const digitalocean: BackendDeclaration<typeof table> = {
  table,
  flatNames: {
    do_size: 'default_size',
    do_region: 'default_region',
    do_image: 'default_image',
  },
  secrets: ['api_token'],
};
