import { jest } from '@jest/globals';

// Specs that run beside these may take a port or all the time there is: once more, and the first error is printed.
jest.retryTimes(1, { logErrorsBeforeRetry: true });
