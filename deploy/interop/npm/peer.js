// An independent SMPP 3.4 peer for the interoperability tests, on npm's `smpp`.
//
//   node peer.js carrier PORT LOGIN PASSWORD LOG             answers, logs "to TAB text" per whole message, until it is killed
//   node peer.js client HOST PORT LOGIN PASSWORD MESSAGES    sends the file's messages; exit code 0 when all is answered
'use strict';

const fs = require('node:fs');
const smpp = require('smpp');

const ACCESS_NUMBER = '10690000';
const DEADLINE_MS = 60_000;
const ESM_RECEIPT = 0x04;
const ESM_UDH = 0x40;
const CODING_GSM = 0;
const CODING_UCS2 = 8;
const REPLIES = ['OK', '收到，谢谢。'];

function carrier(port, login, password, log) {
  let lastId = 0x1000;
  let replied = false;
  const parts = new Map();

  smpp.createServer((session) => {
    session.socket.setNoDelay(true);
    session.on('error', (error) => console.error(`session: ${error.message}`));
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('unbind', (pdu) => {
      session.send(pdu.response());
      session.close();
    });
    session.on('bind_transceiver', (pdu) => {
      const known = pdu.system_id === login && pdu.password === password;
      session.send(pdu.response({ system_id: 'npm', command_status: known ? 0 : smpp.ESME_RBINDFAIL }));
    });
    session.on('submit_sm', (pdu) => {
      lastId += 1;
      // Hexadecimal, as some carriers write it.
      const id = lastId.toString(16).padStart(8, '0');
      session.send(pdu.response({ message_id: id }));
      const text = join(parts, pdu);
      if (text !== null) {
        fs.appendFileSync(log, `${pdu.destination_addr}\t${text}\n`);
      }
      if (pdu.registered_delivery & 1) {
        session.deliver_sm(receipt(id, pdu));
      }
      if (!replied) {
        replied = true;
        for (const reply of REPLIES) {
          session.deliver_sm({
            source_addr: pdu.destination_addr,
            destination_addr: pdu.source_addr,
            short_message: reply,
            data_coding: reply === 'OK' ? CODING_GSM : CODING_UCS2,
          });
        }
      }
    });
  }).listen(port, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${port}`));
}

/** The whole text once all its segments are there, otherwise null. */
function join(parts, pdu) {
  const { udh, message } = pdu.short_message;
  if (!udh) {
    return message;
  }
  // An 8-bit reference is element 0x00, a 16-bit one 0x08 (3GPP TS 23.040 §9.2.3.24).
  const element = udh.find((bytes) => bytes[0] === 0x00 || bytes[0] === 0x08);
  const [total, number] = element.subarray(-2);
  const key = `${pdu.source_addr} ${pdu.destination_addr} ${element.subarray(2, -2).toString('hex')}`;
  const segments = parts.get(key) ?? new Map();
  segments.set(number, message);
  parts.set(key, segments);
  if (segments.size < total) {
    return null;
  }
  parts.delete(key);
  return Array.from({ length: total }, (_, index) => segments.get(index + 1)).join('');
}

function receipt(id, pdu) {
  const time = new Date().toISOString().replace(/\D/g, '').slice(2, 12);
  return {
    esm_class: ESM_RECEIPT,
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    data_coding: CODING_GSM,
    short_message: `id:${id} sub:001 dlvrd:001 submit date:${time} done date:${time} stat:DELIVRD err:000 text:`,
  };
}

function client(host, port, login, password, file) {
  const messages = fs.readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => line.split('\t'));
  const count = { messages: messages.length, segments: 0, accepted: 0, receipts: 0, replies: 0 };
  const waitingIds = new Set();
  let unbinding = false;
  const session = smpp.connect({ host, port });
  session.socket.setNoDelay(true);

  const finish = (code) => {
    console.log(Object.entries(count).map(([name, value]) => `${name}=${value}`).join(' '));
    process.exit(code);
  };
  const finishIfComplete = () => {
    const complete = count.receipts === count.segments && count.accepted === count.segments && count.replies > 0;
    // More replies may come after that.
    if (complete && !unbinding) {
      unbinding = true;
      session.unbind(() => finish(waitingIds.size === 0 ? 0 : 1));
    }
  };
  setTimeout(() => finish(1), DEADLINE_MS).unref();

  session.on('error', (error) => {
    console.error(error.message);
    finish(1);
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('deliver_sm', (pdu) => {
    session.send(pdu.response());
    const text = pdu.short_message.message;
    if (pdu.esm_class & ESM_RECEIPT) {
      const id = pdu.receipted_message_id ?? /id:(\S+)/.exec(text)?.[1];
      count.receipts += Number(waitingIds.delete(id) && /stat:DELIVRD/.test(text));
    } else {
      console.log(`reply: ${text}`);
      count.replies += 1;
    }
    finishIfComplete();
  });
  session.bind_transceiver({ system_id: login, password, interface_version: 0x34 }, (bound) => {
    if (bound.command_status !== 0) {
      console.error(`bind refused with ${bound.command_status}`);
      finish(1);
    }
    messages.forEach(([to, text], reference) => {
      for (const segment of split(text, reference)) {
        count.segments += 1;
        const submit = { source_addr: ACCESS_NUMBER, destination_addr: to, registered_delivery: 1, ...segment };
        session.submit_sm(submit, (response) => {
          if (response.command_status === 0) {
            count.accepted += 1;
            waitingIds.add(response.message_id);
          }
          finishIfComplete();
        });
      }
    });
  });
}

/** The segments of a text; in GSM 03.38 a long one may not use the extension table. */
function split(text, reference) {
  const gsm = /^[\x20-\x7e]*$/.test(text) && !text.includes('`');
  const [whole, part] = gsm ? [160, 153] : [70, 67];
  const data_coding = gsm ? CODING_GSM : CODING_UCS2;
  if (text.length <= whole) {
    return [{ data_coding, short_message: text }];
  }
  const pieces = [''];
  for (const character of text) {
    if (pieces.at(-1).length + character.length > part) {
      pieces.push('');
    }
    pieces[pieces.length - 1] += character;
  }
  return pieces.map((message, index) => ({
    data_coding,
    esm_class: ESM_UDH,
    short_message: { udh: Buffer.from([5, 0, 3, reference, pieces.length, index + 1]), message },
  }));
}

const [role, ...rest] = process.argv.slice(2);
if (role === 'carrier' && rest.length === 4) {
  carrier(...rest);
} else if (role === 'client' && rest.length === 5) {
  client(...rest);
} else {
  console.error('usage: node peer.js carrier PORT LOGIN PASSWORD LOG | client HOST PORT LOGIN PASSWORD MESSAGES');
  process.exit(2);
}
