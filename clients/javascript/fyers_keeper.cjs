// Points FYERS' official JavaScript SDK (npm fyers-api-v3, tested with 1.9.0) at a fyers-keeper: REST, data socket, order
// socket and symbol look-ups.
//
//     require("./fyers_keeper.cjs").use("http://127.0.0.1:8080");
//     const { fyersModel, fyersDataSocket, fyersOrderSocket } = require("fyers-api-v3");
//
// Call it before the SDK itself is required: its data socket reads its address once, when it is loaded. The key must be
// a token of FYERS' kind, as `fyers-keeper key show` and `key add` print it: the data socket looks for `hsm_key` in it.
"use strict";

// Written into the SDK's data socket; no setting of the SDK changes it.
const LOOK_UP = "https://api-t1.fyers.in/data/symbol-token";

function use(base, { require: from = module.parent ? module.parent.require.bind(module.parent) : require } = {}) {
  const url = new URL(base);
  if (!["http:", "https:"].includes(url.protocol) || url.pathname !== "/" || url.search || url.username) {
    throw new TypeError("the keeper's address is like http://127.0.0.1:8080");
  }
  const http = url.origin;
  const sockets = http.replace(/^http/, "ws");
  const { Config } = from("fyers-api-v3/config/config");
  const loaded = Object.keys(require.cache).some((file) => file.endsWith("fyers-api-v3/HSM/datasocket.min.js"));
  if (loaded && Config.HSM_SOCKET !== `${sockets}/hsm/v1-5/prod`) {
    throw new Error("call use() before fyers-api-v3 is required: its data socket has its address already");
  }
  Object.assign(Config, {
    SYNC_API: `${http}/api/v3`,
    data_Api1: `${http}/data`,
    Order_SOCKET: `${sockets}/trade/v3`,
    HSM_SOCKET: `${sockets}/hsm/v1-5/prod`,
  });
  const { axiosInstance } = from("fyers-api-v3/apiService/apiService.js");
  axiosInstance.interceptors.request.use((request) => {
    if (request.url === LOOK_UP) request.url = `${http}/data/symbol-token`;
    // Whatever else of the SDK has an address of its own, the key stays with the keeper.
    if (new URL(request.url, http).origin !== http) throw new Error("this call of the SDK does not go to the keeper");
    return request;
  });
}

module.exports = { use };
