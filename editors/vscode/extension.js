// Starts the language server of x12proc, which has all the logic.
"use strict";

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const settings = workspace.getConfiguration("x12proc");
  const config = settings.get("config");
  const server = { command: settings.get("command"), args: config ? ["lsp", "--config", config] : ["lsp"] };
  client = new LanguageClient("x12proc", "x12proc", server, { documentSelector: [{ language: "x12" }] });
  return client.start();
}

function deactivate() {
  return client && client.stop();
}

module.exports = { activate, deactivate };
