// What the browser does by itself. None of it is needed to use the portal; all of it survives a new circuit.
import "./standin.js"; // Loads beside what needs it, not after it.
import "./early.js";
import "./theme.js";
import "./time.js";
import "./copy.js";
import "./places.js";
import "./keyboard.js";
import "./items.js";
import "./circuit.js";
import "./popovers.js";
