"use strict";
/** Rewrites the few forms that tslab misreads, and says where. */

/** Makes the text parse as a module, where `await` may stand alone. */
const modulePrefix = "export{};";

/**
 * Returns the cell with its misread forms repaired.
 *
 * - `{ x }`: tslab forgets that x came from an earlier cell. `{ x: x }`.
 * - `({ a: { b } }) =>`: it takes the property a of an earlier cell's value
 *   for a name of that cell. `({ "a": { b } }) =>`.
 * - `await (x)`, `await [x]`, `await` and a line break: read as a name.
 *   `await Promise.resolve((x))`.
 * - `for await` alone: the cell is not made asynchronous. `await null;` first.
 *
 * @param ts - the compiler that tslab uses
 * @returns text, and insertions { at, text } by offset in the source
 */
exports.repair = function repair(ts, source) {
  const file = ts.createSourceFile(
    "cell.ts",
    modulePrefix + source,
    ts.ScriptTarget.Latest,
    true,
  );
  const insertions = [];
  const insert = (position, text) =>
    insertions.push({ at: position - modulePrefix.length, text });
  const isName = (node) => node !== undefined && ts.isIdentifier(node);
  let loopsOverAwaited = false;

  function visit(node, inner) {
    if (ts.isShorthandPropertyAssignment(node)) {
      insert(node.name.end, `: ${node.name.text}`);
    } else if (ts.isBindingElement(node) && isName(node.propertyName)) {
      insert(node.propertyName.getStart(file), '"');
      insert(node.propertyName.end, '"');
    } else if (!inner && ts.isAwaitExpression(node)) {
      repairAwait(node);
    } else if (!inner && ts.isForOfStatement(node) && node.awaitModifier) {
      loopsOverAwaited = true;
    }
    const within =
      inner ||
      ts.isFunctionLike(node) ||
      ts.isClassLike(node) ||
      ts.isModuleDeclaration(node);
    ts.forEachChild(node, (child) => visit(child, within));
  }

  function repairAwait(node) {
    const { expression } = node;
    const begin = expression.getStart(file);
    const word = node.getStart(file) + "await".length;
    const between = file.text.slice(word, begin);
    // A name, or a literal that cannot continue an expression: read rightly.
    if (!between.includes("\n") && /[\w$"'{#]/.test(file.text[begin])) return;
    insert(word, " Promise.resolve(");
    insert(expression.end, ")");
  }

  visit(file, false);
  if (loopsOverAwaited) {
    insert(file.statements[1].getStart(file), "await null; ");
  }
  insertions.sort((a, b) => a.at - b.at);
  let text = source;
  for (const { at, text: added } of insertions.toReversed()) {
    text = text.slice(0, at) + added + text.slice(at);
  }
  return { text, insertions };
};
