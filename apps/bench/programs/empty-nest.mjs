import '@decent-cloud/kernel/needed-node';
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Transport } from '@nestjs/microservices';

/** The yardstick of starting: a Nest service on NATS that does nothing. */
class Nothing {
  answer() {
    return 'nothing';
  }
}
Controller()(Nothing);
MessagePattern('nothing')(
  Nothing.prototype,
  'answer',
  /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(Nothing.prototype, 'answer')),
);

class Empty {}
Module({ controllers: [Nothing] })(Empty);

const app = await NestFactory.createMicroservice(Empty, {
  transport: Transport.NATS,
  options: { servers: [process.env.NATS_URL] },
  logger: false,
});
await app.listen();
console.log('nothing is ready');
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
