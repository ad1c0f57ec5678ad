import type { Disk } from '../../provider-agent/src/journal/disk.ts';
import type { Faults } from './faults.ts';
import { type Kernel, MS, type Node } from './kernel.ts';

/** As the operating system says it. */
export class DiskFullError extends Error {
  override readonly name = 'DiskFullError';
  readonly code = 'ENOSPC';
}

/** One file of a node. Of what is being written when the node crashes the beginning is there, or all, or nothing. */
export class MemoryDisk implements Disk {
  readonly path = 'in memory';
  private text = '';
  private writing = '';
  private isOpen = false;

  constructor(
    private readonly kernel: Kernel,
    private readonly faults: Faults,
    private readonly node: Node,
  ) {}

  /** The node has crashed. */
  crashed(): void {
    this.keepPart();
    this.isOpen = false;
  }

  async read(): Promise<Buffer | undefined> {
    await this.sleep(50, 500);
    return Buffer.from(this.text);
  }

  async open(bytes?: number): Promise<void> {
    if (bytes !== undefined) this.text = Buffer.from(this.text).subarray(0, bytes).toString();
    await this.sleep(50, 500);
    this.isOpen = true;
  }

  async append(text: string): Promise<void> {
    if (!this.isOpen) throw new Error('the journal is closed');
    this.writing = text;
    await this.sleep(200, 3 * MS);
    if (this.faults.hits('disk-full', this.node.name)) {
      this.keepPart();
      throw new DiskFullError('no space left on device');
    }
    this.text += text;
    this.writing = '';
    await this.sleep(50, 500);
  }

  async replace(text: string): Promise<void> {
    await this.sleep(200, 3 * MS);
    this.text = text;
    await this.sleep(50, 500);
  }

  async close(): Promise<void> {
    this.isOpen = false;
  }

  private keepPart(): void {
    this.text += this.writing.slice(0, this.kernel.random.int(0, this.writing.length));
    this.writing = '';
  }

  private sleep(fromUs: number, toUs: number): Promise<void> {
    return this.kernel.sleep(this.node, this.kernel.random.int(fromUs, toUs));
  }
}
