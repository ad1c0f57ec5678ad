export * from './answer-requests.ts';
export * from './eventually.ts';
export * from './fault-proxy.ts';
export * from './free-port.ts';
export * from './guarded-process.ts';
export * from './spawned-service.ts';
export * from './test-database.ts';
export * from './test-nats.ts';
