"use strict";
/** What a client shows of the name at the cursor, or of the call around it. */

/**
 * Answers for the name at the cursor; where there is none, inside a call's
 * brackets, for the function that is called: its signature.
 *
 * @param ask - answers a request for the very place it names
 */
exports.inspectCall = (ts, request, ask) => {
  const answer = ask(request);
  if (answer.found) return answer;
  for (const place of calledAround(ts, request.code, request.cursor_pos)) {
    const outer = ask({ ...request, cursor_pos: place });
    if (outer.found) return outer;
  }
  return answer;
};

/** Where the functions are named whose brackets hold the place, inmost first. */
function calledAround(ts, code, place) {
  const { Latest } = ts.ScriptTarget;
  const file = ts.createSourceFile("cell.ts", code, Latest, true);
  const found = [];
  const visit = (node) => {
    if (isCall(ts, node) && isWithin(node, place)) {
      found.unshift(nameOf(ts, node.expression).getStart(file));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function isCall(ts, node) {
  const called = ts.isCallExpression(node) || ts.isNewExpression(node);
  return called && node.arguments !== undefined;
}

/** Between the brackets; the closing one may not be typed yet. */
function isWithin(node, place) {
  const isClosed = node.getText().endsWith(")");
  const end = isClosed ? node.end - 1 : node.getSourceFile().end;
  return node.arguments.pos <= place && place <= end;
}

/** The last name of what is called: `fit` of `pal.train.fit`. */
function nameOf(ts, called) {
  return ts.isPropertyAccessExpression(called) ? called.name : called;
}
