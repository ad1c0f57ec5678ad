/** How the whole platform is: `degraded` when a service is down or one of its checks fails. */
export const PLATFORM_STATUSES = ['ok', 'degraded'] as const;
export type PlatformStatus = (typeof PLATFORM_STATUSES)[number];
