import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

const read = (env: Readonly<Record<string, string>>) => readConfig({ RECOURSE_DATA_DIR: `${tmpdir()}/no-such`, ...env })

test('whom to believe: an entry that is no address or network is named with its setting', () => {
  const wrong: Readonly<Record<string, readonly [setting: string, value: string]>> = {
    RECOURSE_HTTP_TRUSTED_PROXIES: ['http.trustedProxies', 'proxy.example'],
    RECOURSE_GATEWAY_XCLIENT: ['gateway.xclient', '10.0.0.0/33'],
    // An empty prefix is not everybody.
    RECOURSE_GATEWAY_XFORWARD: ['gateway.xforward', '10.0.0.1/'],
  }
  for (const [variable, [setting, value]] of Object.entries(wrong)) {
    expect(() => read({ [variable]: `127.0.0.1,${value}` })).toThrow(
      `${setting} (${variable}): "${value}" is no IP address or network`,
    )
    expect(() => read({ [variable]: '127.0.0.1,10.0.0.0/8,2001:db8::/32' })).not.toThrow()
  }
  expect(read({ RECOURSE_HTTP_TRUSTED_PROXIES: 'loopback' }).full.http.trustedProxies).toEqual(['loopback'])
})
