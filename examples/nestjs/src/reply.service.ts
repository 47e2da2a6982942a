import { Inject, Injectable } from '@nestjs/common';
import type { Client } from '@openfeature/server-sdk';
import { readDecision } from '@rampart/sdk';
import { FLAGS } from './rampart.module';

@Injectable()
export class ReplyService {
  constructor(@Inject(FLAGS) private readonly flags: Client) {}

  async reply(tenantId: string, userId: string): Promise<string> {
    const subject = { targetingKey: userId, tenantId, tier: 'pro', region: 'eu', labels: [] };
    const decision = readDecision(await this.flags.getObjectValue('ai.support-copilot', {}, subject));
    return decision.enabled ? `ask the model with ${JSON.stringify(decision.binding)}` : decision.outcome;
  }
}
