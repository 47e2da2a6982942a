import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, OpenFeatureProvider, useFlag } from '@openfeature/react-sdk';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { AI, frontendToken, gateway, identity, PLAIN, show, user } from './shown.js';

function Page() {
  const plain = useFlag(PLAIN, false);
  const ai = useFlag(AI, false);
  const decision = useFlag(`${AI}:object`, {});
  const { outcome } = decision.value as { readonly outcome?: string };
  useEffect(() => {
    show('plain', plain.value);
    show('ai', ai.value);
    show('outcome', outcome);
  }, [plain.value, ai.value, outcome]);
  return null;
}

await OpenFeature.setContext({ targetingKey: user });
OpenFeature.setProvider(
  new OFREPWebProvider({
    baseUrl: gateway,
    headers: [
      ['Authorization', frontendToken],
      ['X-Rampart-Identity', identity],
    ],
    cacheMode: 'disabled',
  }),
);
createRoot(document.body.appendChild(document.createElement('div'))).render(
  <OpenFeatureProvider>
    <Page />
  </OpenFeatureProvider>,
);
