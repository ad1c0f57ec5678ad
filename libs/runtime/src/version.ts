/** Of the platform; all parts are released together. */
export const VERSION = '0.1.0';
