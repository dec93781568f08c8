// What the browser does by itself. None of it is needed to use the portal; all of it survives a new circuit.
// These load beside what needs them, not after it.
import "./fields.js";
import "./standin.js";
// In this order: what is written while the page loads is given to it after what was written before, and counts.
import "./written.js";
import "./early.js";
import "./theme.js";
import "./time.js";
import "./copy.js";
import "./places.js";
import "./keyboard.js";
import "./items.js";
import "./circuit.js";
import "./end.js";
import "./popovers.js";
