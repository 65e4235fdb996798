import { jinjaTemplate } from "../../../lib/llm/chat.ts";
import { damageText } from "../damage.ts";
import type { Kind, Seed } from "../kind.ts";

const sources: Readonly<Record<string, string>> = {
  plain:
    "{{ bos_token }}{% for message in messages %}{{ message.role + ': ' + " +
    "message.content | trim }}\n{% endfor %}" +
    "{% if add_generation_prompt %}assistant: {% endif %}",
  headers:
    "{% set ns = namespace(n=0) %}{%- for m in messages -%}" +
    "{% if m['role'] == 'system' and loop.first %}<|system|>{{ date_string }}" +
    "{% elif m['role'] in ['user', 'assistant'] %}<|{{ m['role'] }}|>{% else %}" +
    "{{ raise_exception('unknown role') }}{% endif %}{{ m['content'][:40] }}" +
    "{{ eos_token if not loop.last else '' }}{% set ns.n = ns.n + 1 %}" +
    "{%- endfor %}{{ ns.n }}{# done #}",
  macros:
    "{% macro turn(m) %}[{{ m.role | upper }}] {{ m.content | replace('a', " +
    "'b') }}{% endmacro %}{% for m in messages %}{{ turn(m) ~ '\\n' }}" +
    "{% endfor %}{{ messages | length }} {{ messages[0].content is string }}",
};

const words = (
  "{% %} {{ }} {# #} {%- -%} for in if elif else endif endfor set macro " +
  "endmacro call filter range( range(99999999) 9 1000 -1 1e9 ** // % ~ | [ ] ( ) . 'x' none " +
  "true is defined not and or loop namespace( raise_exception( tojson join( " +
  "length first last sort reverse list string int items() \u0000 \ud83d"
).split(" ");

const wanted: Readonly<Record<string, string>> = {
  plain: "<s>system: Listen.\nuser: What?\nassistant: ",
  headers: "<|system|>26 Jul 2024Listen.</s><|user|>What?2",
  macros: "[SYSTEM] Listen.\n[USER] Whbt?\n2 true",
};

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const seedOf = ([name, source]: readonly [string, string]): Seed => ({
  name,
  bytes: new TextEncoder().encode(source),
});

/** Chat templates, which come with a model and are run. */
export const templates: Kind = {
  name: "template",
  seeds: () => Object.entries(sources).map(seedOf),
  mutate: (bytes, chance) =>
    new TextEncoder().encode(damageText(text(bytes), words, chance)),
  judge: async ({ bytes, isIntact, name }) => {
    const render = () =>
      jinjaTemplate(text(bytes))(
        [
          { role: "system", content: "Listen." },
          { role: "user", content: "What?" },
        ],
        { isAsking: true, date: "26 Jul 2024", begin: "<s>", end: "</s>" },
      );
    const said = render();
    if (typeof said !== "string") return `gives ${typeof said}`;
    if (said !== render()) return "gives another text the second time";
    if (isIntact && said !== wanted[name]) return `gives "${said}"`;
    return undefined;
  },
};
