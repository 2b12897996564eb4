// SPDX-License-Identifier: Apache-2.0
// member.js PORT: a member by node's http module. Tells {"target", "body"}; /stream/N streams N bytes in chunks.
'use strict';

require('http').createServer((request, response) => {
  let size = 0;
  request.on('data', (chunk) => { size += chunk.length; });
  request.on('end', () => {
    if (request.url.startsWith('/stream/')) {
      let left = Number(request.url.slice(8));
      const more = () => {
        while (left > 0) {
          const piece = Math.min(left, 65536);
          left -= piece;
          if (!response.write('x'.repeat(piece))) return response.once('drain', more);
        }
        return response.end();
      };
      return more();
    }
    return response.end(JSON.stringify({ target: request.url, body: size }));
  });
}).listen(Number(process.argv[2]), '0.0.0.0');
