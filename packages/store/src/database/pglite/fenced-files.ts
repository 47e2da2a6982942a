import { NodeFS } from '@electric-sql/pglite/nodefs';

type Operation = (...parameters: never[]) => unknown;

/** The used part of Emscripten's file system. */
interface Files {
  readonly ErrnoError: new (code: number) => Error;
  readonly filesystems: {
    readonly NODEFS: {
      readonly node_ops: Record<string, Operation>;
      readonly stream_ops: Record<string, Operation>;
    };
  };
}

/** EIO by the numbers of WASI, which PGlite's build uses. */
const EIO = 29;
const NODE_WRITES = ['setattr', 'mknod', 'rename', 'unlink', 'rmdir', 'symlink'];
const STREAM_WRITES = ['setattr', 'write'];

/**
 * PGlite's files in a folder. `requireOwned` runs before each change of a file, and its error fails the write: a process that was paused
 * inside a statement must not write into a database that another process has opened since.
 */
export function fencedFiles(folder: string, requireOwned: () => void): NodeFS {
  return new FencedFiles(folder, requireOwned);
}

class FencedFiles extends NodeFS {
  readonly #requireOwned: () => void;

  constructor(folder: string, requireOwned: () => void) {
    super(folder);
    this.#requireOwned = requireOwned;
  }

  override async init(...parameters: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(...parameters);
    const before = emscriptenOpts.preRun ?? [];
    const fence = (module: { readonly FS: unknown }) => fenceWrites(module.FS as Files, this.#requireOwned);
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...before, fence] } };
  }
}

function fenceWrites({ ErrnoError, filesystems: { NODEFS } }: Files, requireOwned: () => void): void {
  const fence = (operations: Record<string, Operation>, name: string) => {
    const operation = operations[name];
    if (operation === undefined) throw new Error(`PGlite's file system has no ${name}: its build changed`);
    operations[name] = (...parameters) => {
      try {
        requireOwned();
      } catch {
        throw new ErrnoError(EIO);
      }
      return operation(...parameters);
    };
  };
  for (const name of NODE_WRITES) fence(NODEFS.node_ops, name);
  for (const name of STREAM_WRITES) fence(NODEFS.stream_ops, name);
}
