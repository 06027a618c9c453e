/** The flags that say what a bundle carries besides the image, who signs it, and how it is encrypted. */
import { boolean, string } from '@oclif/core/flags'

const group = { helpGroup: 'BUNDLE' }

export const contentFlags = {
  layer: string({
    ...group,
    multiple: true,
    helpValue: 'PLACE@OFFSET[+SIZE]=FILE',
    description:
      'one more layer, as external@0=files.img; the region ends with the content unless SIZE is given',
  }),
  'image-size': string({
    ...group,
    helpValue: 'BYTES',
    description: "flash that the image's layer takes up, from its start; all of it unless given",
  }),
  'signing-key': string({
    ...group,
    helpValue: 'FILE',
    exclusive: ['unsigned'],
    description: 'private key (PEM, P-256) that signs; the cloud signs unless given',
  }),
  unsigned: boolean({ ...group, description: 'leave the signing to the cloud (the default)' }),
  'layer-key': string({
    ...group,
    helpValue: 'FILE',
    description: 'encrypt every layer with this key (`keys create --layer`)',
  }),
}

export interface ContentFlags {
  readonly layer?: string[] | undefined
  readonly 'image-size'?: string | undefined
  readonly 'signing-key'?: string | undefined
  readonly 'layer-key'?: string | undefined
}
