// The official npm SDK's data socket and order socket at the keeper, over a token's death. Nothing of the SDK is changed.
//
//     node sockets.cjs http://127.0.0.1:8080 GATEWAY_KEY http://127.0.0.1:PORT/control PATH_OF_fyers_keeper.cjs
//
// Prints what the bot hears; exits 0 when all of it has come.
"use strict";

const [base, key, control, helper] = process.argv.slice(2);
require(helper).use(base, { require });
const { fyersModel, fyersDataSocket, fyersOrderSocket } = require("fyers-api-v3");

const DEADLINE = 60_000;
const heard = [];
const began = Date.now();

function note(who, message) {
  heard.push([who, message]);
  console.log(((Date.now() - began) / 1000).toFixed(2).padStart(7), who.padEnd(6), JSON.stringify(message).slice(0, 150));
}

async function wait(what, wish, since = 0) {
  const end = Date.now() + DEADLINE;
  while (Date.now() < end) {
    const found = heard.slice(since).find(([who, message]) => message && wish(who, message));
    if (found) return found[1];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`did not come: ${what}`);
}

async function tell(path, body) {
  const answer = await fetch(`${control}/${path}`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
}

const order = (symbol) => ({
  symbol, qty: 1, type: 2, side: 1, productType: "CNC", limitPrice: 0, stopPrice: 0, validity: "DAY", disclosedQty: 0,
  offlineOrder: false, stopLoss: 0, takeProfit: 0,
});

async function main() {
  const data = fyersDataSocket.getInstance(`ABCD1234EF-100:${key}`, ".", false);
  data.on("message", (message) => note("data", message));
  data.on("error", (message) => note("data!", String(message.message ?? message)));
  data.on("close", () => note("data-", "closed"));
  data.on("connect", () => {
    data.subscribe(["NSE:SBIN-EQ", "NSE:NIFTY50-INDEX"], false, 11);
    data.subscribe(["NSE:SBIN-EQ"], true, 11);
  });
  data.connect();
  await wait("an index", (who, m) => m.symbol === "NSE:NIFTY50-INDEX" && m.type === "if" && m.ltp > 0);
  await wait("a share", (who, m) => m.symbol === "NSE:SBIN-EQ" && m.type === "sf" && m.ltp > 0);
  await wait("its depth", (who, m) => m.symbol === "NSE:SBIN-EQ" && m.type === "dp" && m.bid_price1 > 0);
  await tell("prices", { symbol: "NSE:SBIN-EQ", price: 807.35 });
  await wait("a tick", (who, m) => m.symbol === "NSE:SBIN-EQ" && m.ltp === 807.35);

  const updates = new fyersOrderSocket(`ABCD1234EF-100:${key}`, ".", false);
  updates.on("error", (message) => note("order!", String(message)));
  updates.on("close", () => note("order-", "closed"));
  updates.on("orders", (message) => note("orders", message));
  updates.on("trades", (message) => note("trades", message));
  updates.on("positions", (message) => note("pos", message));
  updates.on("connect", () => {
    updates.subscribe([updates.orderUpdates, updates.tradeUpdates, updates.positionUpdates]);
    note("order+", "open");
  });
  updates.connect();
  await wait("the order socket", (who) => who === "order+");
  const fyers = new fyersModel({ path: ".", enableLogging: false });
  fyers.setAppId("ABCD1234EF-100");
  fyers.setAccessToken(key);
  const placed = await fyers.place_order(order("NSE:SBIN-EQ"));
  await wait("the order", (who, m) => who === "orders" && m.orders.id === placed.id && m.orders.status === 2);
  await wait("the fill", (who, m) => who === "trades" && m.trades.orderNumber === placed.id);

  const since = heard.length;
  await tell("tokens/kill", { kind: "access" });
  await fyers.get_funds();
  await wait("a price without a token", (who, m) => m.symbol === "NSE:SBIN-EQ" && m.type === "sf", since);
  const simulated = await fyers.place_order(order("NSE:INFY-EQ"));
  await wait("the simulated order", (who, m) => who === "orders" && m.orders.id === simulated.id && m.orders.status === 2, since);
  const odd = heard.filter(([who]) => who.endsWith("!") || who.endsWith("-"));
  if (odd.length) throw new Error(JSON.stringify(odd));
  console.log("npm sockets: good");
}

main().then(
  () => process.exit(0),
  (error) => {
    console.log("npm sockets:", error);
    process.exit(1);
  },
);
