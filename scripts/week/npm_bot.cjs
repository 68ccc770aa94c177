// A bot with the official npm SDK: its data socket and its order socket, with its own reconnection. Each message goes out as
// one line: seconds since 1970, socket, message.
"use strict";

require(process.env.KEEPER_HELPER).use(process.env.KEEPER_URL, { require });
const { fyersDataSocket, fyersOrderSocket } = require("fyers-api-v3");

const say = (socket, message) => console.log(JSON.stringify([Date.now() / 1000, socket, message ?? null]));
const token = `ABCD1234EF-100:${process.env.KEEPER_KEY}`;
const symbols = process.argv.slice(2);

const data = fyersDataSocket.getInstance(token, ".", false);
data.on("connect", () => data.subscribe(symbols, false, 11));
data.on("message", (message) => say("data", message));
data.on("error", (message) => say("data!", String(message?.message ?? message)));
data.on("close", () => say("data-"));
data.autoreconnect(50);
data.connect();

const orders = new fyersOrderSocket(token, ".", false);
orders.on("connect", () => orders.subscribe([orders.orderUpdates, orders.tradeUpdates, orders.positionUpdates]));
for (const what of ["orders", "trades", "positions"]) orders.on(what, (message) => say(what, message));
orders.on("error", (message) => say("orders!", String(message?.message ?? message)));
orders.on("close", () => say("orders-"));
orders.autoreconnect(50);
orders.connect();
