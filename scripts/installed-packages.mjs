// What an installation of the published packages brings, by the lock file.
import { readdirSync, readFileSync } from 'node:fs';

/**
 * @param {Readonly<Record<string, import('./installed-packages.mjs').LockedPackage>>} locked `packages` of package-lock.json
 * @returns {ReadonlySet<string>} keys of `locked`: the published packages and all that they need, optional and peer packages too
 */
export function installedPackages(locked) {
  const folders = readdirSync('packages').filter(
    (folder) => !JSON.parse(readFileSync(`packages/${folder}/package.json`, 'utf8')).private,
  );
  const installed = new Set();
  const pending = folders.map((folder) => `packages/${folder}`);
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (installed.has(at)) continue;
    installed.add(at);
    const { dependencies, optionalDependencies, peerDependencies } = locked[at] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const path = resolvePackage(locked, at, name);
      // A workspace is linked; its dependencies are those of its folder, which is listed above.
      if (path !== undefined && locked[path]?.link !== true) pending.push(path);
    }
  }
  return installed;
}

/** As Node resolves a package: in the folder itself, then in those above. */
function resolvePackage(locked, at, name) {
  for (let folder = at; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (Object.hasOwn(locked, path)) return path;
    if (folder === '') return undefined;
  }
}
