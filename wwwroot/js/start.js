// Starts the page's connection to the server, and says when a circuit is given up: what comes after it is a new one that draws everything anew.
Blazor.start({ circuit: { circuitHandlers: [{ onCircuitClosed: () => document.dispatchEvent(new Event("circuitclosed")) }] } });
