import { Database } from '@decent-cloud/postgres';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/prisma/client.ts';

/** Typed reads and simple writes over the pool of connections that the service has. */
@Injectable()
export class AgentsPrisma extends PrismaClient implements OnModuleDestroy {
  constructor(database: Database) {
    super({ adapter: new PrismaPg(database.pool) });
  }

  async onModuleDestroy(): Promise<void> {
    await this.$disconnect();
  }
}
