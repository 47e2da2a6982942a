import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RampartModule } from './rampart.module';
import { ReplyService } from './reply.service';

@Module({ imports: [RampartModule], providers: [ReplyService] })
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
  app.enableShutdownHooks();
  console.log(await app.get(ReplyService).reply('acme', 'ana'));
  await app.close();
}

void main();
