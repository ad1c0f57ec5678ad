import { z } from 'zod';
import { PROVISIONER_TYPES } from '../words/agents.ts';

export const provisionerType = () =>
  z.enum(PROVISIONER_TYPES, {
    error: ({ input }) =>
      `Invalid provisioner type '${String(input).slice(0, 64)}': must be one of: ${PROVISIONER_TYPES.join(', ')}`,
  });
