// The application in the VPC: it says who asked.
//   app-server.ts ADDRESS PORT
import { createServer } from "node:http";

const [address = "", port = ""] = process.argv.slice(2);
createServer((request, response) => {
  response.end(`the app in the VPC, asked from ${request.socket.remoteAddress}\n`);
}).listen(Number(port), address);
