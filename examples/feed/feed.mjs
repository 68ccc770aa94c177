#!/usr/bin/env node
// Follows prices and orders at a keeper's /feed, and comes back after every end. Needs Node 22 or a browser, and no package:
//
//   KEEPER_KEY=$(cat state/gateway.key) node feed.mjs ws://127.0.0.1:8080/feed NSE:SBIN-EQ NSE:NIFTY50-INDEX

const [url = "ws://127.0.0.1:8080/feed", ...names] = process.argv.slice(2);
const symbols = names.length ? names : ["NSE:SBIN-EQ"];

function heard(socket, message) {
  switch (message.type) {
    case "hello":
      // The key is taken; now the subscriptions.
      socket.send(JSON.stringify({ type: "subscribe", symbols, kinds: ["quote"] }));
      socket.send(JSON.stringify({ type: "subscribe", kinds: ["orders"] }));
      console.log(`orders go to: ${message.mode} (${message.reason})`);
      break;
    case "mode":
      console.log(`orders go to: ${message.mode} (${message.reason})`);
      break;
    case "tick":
      console.log(message.symbol.padEnd(24), String(message.ltp).padStart(12), message.origin);
      break;
    default:
      console.log(JSON.stringify(message));
  }
}

function follow() {
  const socket = new WebSocket(url);
  // A WebSocket of a browser has no headers, so the key is the first message.
  socket.onopen = () => socket.send(JSON.stringify({ type: "auth", key: process.env.KEEPER_KEY }));
  socket.onmessage = (event) => heard(socket, JSON.parse(event.data));
  socket.onclose = (event) => {
    console.error(`closed: ${event.reason || event.code}; again in 2 s`);
    setTimeout(follow, 2000);
  };
}

follow();
