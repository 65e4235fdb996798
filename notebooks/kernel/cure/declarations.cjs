"use strict";
/** The names that a failed cell had declared before it failed. */

/** TypeScript sets all that a module exports to undefined before it begins. */
const cleared = /(?:^(?:exports\.[\p{L}\p{N}_$]+ = )+void 0;\n)+/mu;

/**
 * Leaves earlier values in place until the cell comes to declare anew.
 *
 * Blanks take the place of the statement, so that columns stay.
 */
exports.withoutClearing = (compiled) =>
  compiled.replace(cleared, (lines) => lines.replace(/[^\n]/g, " "));

/**
 * tslab's converters, which know the declarations of failed cells too.
 *
 * tslab hands its own declarations on only when a cell ends well. After a
 * failure those of the cell's statements that were reached are kept here and
 * stand in the place of tslab's, until a cell ends well.
 *
 * @returns converters; ended(fine) to be called after each cell
 */
exports.keepDeclarations = (ts, converters) => {
  let kept;
  let current; // { before, source, names } of the cell that runs
  const reached = new Set();
  const { node } = converters;

  const nodeConverter = {
    ...node,
    convert(declared, source) {
      const before = kept ?? declared;
      reached.clear();
      current = { before, source };
      return node.convert(before, source);
    },
    inspect: (declared, ...rest) => node.inspect(kept ?? declared, ...rest),
    complete: (declared, ...rest) => node.complete(kept ?? declared, ...rest),
  };

  /** Learns which names get their values; all else goes on as it was. */
  function watch(values) {
    return new Proxy(values, {
      defineProperty(target, name, attributes) {
        reached.add(name);
        return Reflect.defineProperty(target, name, attributes);
      },
    });
  }

  function ended(fine) {
    if (current === undefined) return; // nothing was compiled
    const { before, source } = current;
    current = undefined;
    if (fine) kept = undefined;
    else kept = declarationsReached(before, source) ?? before;
  }

  function declarationsReached(before, source) {
    const begun = statementsReached(ts, source, reached);
    return begun === "" ? undefined : node.convert(before, begun).declOutput;
  }

  return {
    converters: {
      node: nodeConverter,
      get browser() {
        return converters.browser;
      },
      close: () => converters.close(),
    },
    ended,
    watch,
  };
};

/** The cell up to its first name without a value, and what is hoisted. */
function statementsReached(ts, source, reached) {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest);
  let isOn = true;
  const kept = file.statements.filter((statement) => {
    if (isHoisted(ts, statement)) return true;
    isOn &&= namesOf(ts, statement).every((name) => reached.has(name));
    return isOn;
  });
  return kept.map((each) => source.slice(each.pos, each.end)).join("\n");
}

/** Holds from the cell's first moment on, wherever it stands. */
function isHoisted(ts, statement) {
  return (
    ts.isFunctionDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  );
}

/** The names of values that a statement declares in its cell. */
function namesOf(ts, statement) {
  if (ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement)) {
    return statement.name ? [statement.name.text] : [];
  }
  if (!ts.isVariableStatement(statement)) return [];
  const inPattern = (name) =>
    ts.isIdentifier(name)
      ? [name.text]
      : name.elements.flatMap((each) =>
          each.name ? inPattern(each.name) : [],
        );
  return statement.declarationList.declarations.flatMap(({ name }) =>
    inPattern(name),
  );
}
