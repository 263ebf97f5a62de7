// SPDX-License-Identifier: BSD-3-Clause
// Calls the package opentok as an application server does. Reads from standard input
//   {"apiUrl", "apiKey", "apiSecret", "calls": [{"method", "arguments"}]}
// and prints for each call {"error": its message or null, "result"}. "$session" among the arguments
// stands for the id of the session that was created last.
'use strict';

const OpenTok = require('opentok');

function call(client, method, args) {
  return new Promise((resolve) => {
    client[method](...args, (error, result) => {
      resolve({ error: error ? String(error.message || error) : null, result });
    });
  });
}

async function main(task) {
  const client = new OpenTok(task.apiKey, task.apiSecret, { apiUrl: task.apiUrl });
  const outcomes = [];
  let session = '';

  for (const { method, arguments: given } of task.calls) {
    const args = JSON.parse(JSON.stringify(given).replaceAll('"$session"', JSON.stringify(session)));

    if (method === 'generateToken') { // the only one without a callback
      outcomes.push({ error: null, result: client.generateToken(...args) });
      continue;
    }
    const outcome = await call(client, method, args);

    if (method === 'createSession' && outcome.result) {
      session = outcome.result.sessionId;
      outcome.result = session;
    }
    outcomes.push({ error: outcome.error, result: outcome.error ? null : outcome.result });
  }
  process.stdout.write(JSON.stringify(outcomes));
}

main(JSON.parse(require('fs').readFileSync(0, 'utf8')));
