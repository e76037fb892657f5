import type { Descriptor } from '../manifest.ts'
import type { Chunks } from './chunks.ts'

/** Where an image comes from: a directory, an archive, another registry. Content is addressed by digest only. */
export interface ImageSource {
  /** For messages: `OCI layout ./image`. */
  readonly description: string
  /** The image itself: a manifest or an index. */
  readonly root: Descriptor
  /** A manifest's bytes; undefined when the source lacks it. The reader checks them against the digest. */
  readManifest(descriptor: Descriptor): Promise<Buffer | undefined>
  /** Bytes of a blob; undefined when the source lacks it. */
  blobSize(descriptor: Descriptor): Promise<number | undefined>
  openBlob(descriptor: Descriptor): Promise<Chunks>
  /** Removes temporary files and ends connections. */
  close(): Promise<void>
}
