import { UnleashClient } from 'unleash-proxy-client';
import { frontendToken, gateway, userToken } from './your-settings.js';

const unleash = new UnleashClient({
  url: `${gateway}/api/frontend`, // was: your Unleash, or its Edge
  clientKey: frontendToken,
  appName: 'support',
  refreshInterval: 5,
  customHeaders: { 'X-Rampart-Identity': await userToken() }, // who the user is, and of which tenant
});
await unleash.start();

console.log(unleash.isEnabled('ai.support-copilot'));
const toggle = unleash.getAllToggles().find(({ name }) => name === 'ai.support-copilot');
console.log(toggle); // with `decision`: { outcome: 'paywall', paywall: { requiredTier: 'pro', … } }, say
