import { z } from 'zod';

const FORM = 'scheme://host or scheme://host:port, in lower case, without path, e.g. https://app.example.com';

/** An origin exactly as a browser sends it in the header `Origin`, or `*` for every page. */
export const originSchema: z.ZodType<string, string> = z.string().superRefine((text, context) => {
  const message = originProblem(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

function originProblem(text: string): string | undefined {
  if (text === '*') return undefined;
  if (text === 'null')
    return 'pages without an origin (from files, in sandboxes) can not be let in: serve the page from a host';
  if (text.includes('*')) return 'browsers send no *: write each origin, or * alone for every page';
  const origin = originOf(text);
  if (origin === text) return undefined;
  return origin === undefined ? `it is no origin: write ${FORM}` : `browsers send ${origin}: write that`;
}

/** The origin of a page at this address; undefined where it is no address with a host. */
function originOf(text: string): string | undefined {
  // Without //, `localhost:3000` would be an address whose scheme is `localhost`.
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(text.trim()) || !URL.canParse(text.trim())) return undefined;
  const { protocol, host, origin } = new URL(text.trim());
  if (host === '' || protocol === 'file:') return undefined;
  // URL knows the origins of web pages alone; an app's page, e.g. of capacitor://localhost, has one of the same form.
  return origin === 'null' ? `${protocol}//${host.toLowerCase()}` : origin;
}
