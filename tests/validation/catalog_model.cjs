// Backstage's own verdict on catalog files: a line of JSON (a file's text) in, a line of JSON out.
// The first argument is the folder that holds Backstage's node_modules.
'use strict';

const path = require('node:path');
const readline = require('node:readline');

const packages = path.join(process.argv[2], 'node_modules', '@backstage');
const load = file => require(path.join(packages, file));
const model = load('catalog-model/dist/index.cjs.js');
const ai = load('catalog-model/dist/kinds/AiResourceEntityV1alpha1.cjs.js');
const mcp = load('catalog-model/dist/kinds/McpServerApiEntity.cjs.js');
const { parseEntityYaml } = load('plugin-catalog-node/dist/processing/parse.cjs.js');
const { BuiltinKindsEntityProcessor } = load(
  'plugin-catalog-backend/dist/processors/BuiltinKindsEntityProcessor.cjs.js',
);

const policies = [
  new model.SchemaValidEntityPolicy(),
  new model.DefaultNamespaceEntityPolicy(),
  new model.NoForeignRootFieldsEntityPolicy(),
  new model.FieldFormatEntityPolicy(),
];
const builtin = new BuiltinKindsEntityProcessor();
const aiValidators = {
  skill: ai.skillAiResourceEntityV1alpha1Validator,
  rule: ai.ruleAiResourceEntityV1alpha1Validator,
  plugin: ai.pluginAiResourceEntityV1alpha1Validator,
  marketplace: ai.marketplaceAiResourceEntityV1alpha1Validator,
};
const aiReferences = { skill: 'dependsOn', plugin: 'skills', marketplace: 'plugins' };

async function isOfAKind(entity) {
  const type = entity.spec?.type;
  if (entity.kind === 'AiResource') {
    const validator = Object.hasOwn(aiValidators, String(type))
      ? aiValidators[type]
      : ai.aiResourceEntityV1alpha1Validator;
    return validator.check(entity);
  }
  if (entity.kind === 'API' && type === 'mcp-server') {
    return mcp.mcpServerApiEntityValidator.check(entity);
  }
  return builtin.validateEntityKind(entity);
}

function readAiReferences(entity) {
  const { owner, system, type } = entity.spec;
  const defaultNamespace = entity.metadata.namespace;
  model.parseEntityRef(owner, { defaultKind: 'Group', defaultNamespace });
  if (system) model.parseEntityRef(system, { defaultKind: 'System', defaultNamespace });
  for (const one of entity.spec[aiReferences[type]] ?? []) {
    model.parseEntityRef(one, { defaultKind: 'AiResource', defaultNamespace });
  }
}

async function problemOf(entity) {
  try {
    JSON.stringify(entity); // what refers to itself can be neither validated nor stored
    let checked = entity;
    for (const policy of policies) checked = await policy.enforce(checked);
    if (!(await isOfAKind(checked))) return 'no processor recognized the entity';
    if (checked.kind === 'AiResource') readAiReferences(checked);
    else await builtin.postProcessEntity(checked, undefined, () => {});
    return null;
  } catch (error) {
    return String(error);
  }
}

async function entityResult(entity) {
  const problem = await problemOf(structuredClone(entity));
  return { entity: problem?.includes('circular') ? null : entity, problem };
}

async function verdictOn(text) {
  const results = [];
  try {
    for (const result of parseEntityYaml(text, { type: 'url', target: 'x' })) {
      results.push(
        result.type === 'entity'
          ? await entityResult(result.entity)
          : { entity: null, problem: String(result.error) },
      );
    }
  } catch (error) {
    results.push({ entity: null, problem: String(error) });
  }
  return results;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const verdict = await verdictOn(JSON.parse(line));
    process.stdout.write(`${JSON.stringify(verdict)}\n`);
  }
})();
