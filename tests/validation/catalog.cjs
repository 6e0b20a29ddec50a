// A Backstage catalog's own verdict on files: its parser, its processors in its order, its entity policies.
// A line of JSON in (a list of files, each in base64), a line of JSON out (for each file, its documents).
// The first argument is the folder that holds Backstage's node_modules.
'use strict';

const path = require('node:path');
const readline = require('node:readline');

const packages = path.join(process.argv[2], 'node_modules', '@backstage');
const load = file => require(path.join(packages, file));
const { ConfigReader } = load('config');
const { ScmIntegrations } = load('integration');
const backend = 'plugin-catalog-backend/dist';
const { CatalogBuilder } = load(`${backend}/service/CatalogBuilder.cjs.js`);
const { ModelHolder } = load(`${backend}/model/ModelHolder.cjs.js`);
const { DefaultCatalogProcessingOrchestrator } = load(
  `${backend}/processing/DefaultCatalogProcessingOrchestrator.cjs.js`,
);
const { ProcessorOutputCollector } = load(`${backend}/processing/ProcessorOutputCollector.cjs.js`);
const { defaultEntityDataParser } = load(`${backend}/util/parse.cjs.js`);
const aiModel = load('plugin-catalog-backend-module-ai-model').default;

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
process.emitWarning = () => {};
const config = new ConfigReader({});
const parser = defaultEntityDataParser;

// What other places hold is nothing that a verdict on a file depends on: every place can be read, and for what
// is put in the place of a placeholder, one of these has to do.
const CONTENTS = ['text', 'https://a.example', 'component:a', 'url', 'required'];
let content = CONTENTS[0];
const reader = {
  readUrl: async () => ({ buffer: async () => Buffer.from(content) }),
  search: async url => ({ files: [{ url, content: async () => Buffer.from('') }] }),
};
const files = { getProcessorName: () => 'FileReaderProcessor', readLocation: async ({ type }) => type === 'file' };

function orchestrator(modelHolder) {
  const builder = CatalogBuilder.create({ config, logger: silent, reader, modelHolder });
  return new DefaultCatalogProcessingOrchestrator({
    processors: builder
      .buildProcessors()
      .map(one => (one.getProcessorName() === files.getProcessorName() ? files : one)),
    integrations: ScmIntegrations.fromConfig(config),
    rulesEnforcer: { isAllowed: () => true },
    logger: silent,
    parser,
    policy: builder.buildEntityPolicy(),
    allowedLocationTypes: ['url'],
  });
}

async function modelOfTheAiModule() {
  const sources = [];
  for (const { init } of aiModel.getRegistrations()) {
    await init.func({ model: { addModelSource: source => sources.push(source) } });
  }
  return ModelHolder.create({ sources, logger: silent, lifecycle: { addShutdownHook() {} } });
}

const PLACES = {
  url: 'url:https://github.com/example/catalog/blob/main/catalog-info.yaml',
  file: 'file:/catalog/catalog-info.yaml',
};

function location(ref) {
  const [type, target] = [ref.slice(0, ref.indexOf(':')), ref.slice(ref.indexOf(':') + 1)];
  return { type, target };
}

function emittedFrom(ref, result) {
  const annotations = {
    'backstage.io/managed-by-location': ref,
    'backstage.io/managed-by-origin-location': ref,
  };
  const parent = {
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Location',
    metadata: { name: 'generated-parent', annotations },
  };
  const collector = new ProcessorOutputCollector(silent, parent);
  collector.generic()({ ...result, location: location(ref) });
  const { errors, deferredEntities } = collector.results();
  if (errors.length) throw errors[0];
  // The catalog's database holds text, so what is processed is what JSON made of it.
  return JSON.stringify(deferredEntities[0]?.entity);
}

async function problemOf(result, orchestrators) {
  let stored;
  // A Location with `type: file` is for those that were read from files.
  const place = result.entity.kind === 'Location' && result.entity.spec?.type === 'file' ? 'file' : 'url';
  try {
    stored = emittedFrom(PLACES[place], result);
  } catch (error) {
    return orchestrators.map(() => String(error));
  }
  const answers = [];
  for (const one of orchestrators) answers.push(await processed(one, stored));
  return answers;
}

async function processed(orchestrator, stored) {
  let problem;
  for (content of stored.includes('"$') ? CONTENTS : CONTENTS.slice(0, 1)) {
    const done = await orchestrator.process({ entity: JSON.parse(stored) });
    if (done.ok) return null;
    problem ??= String(done.errors[0].cause ?? done.errors[0]).slice(0, 300);
  }
  return problem;
}

// JSON has no word for these.
function inJson(_key, value) {
  return typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
    ? { $number: Object.is(value, -0) ? '-0' : String(value) }
    : value;
}

async function verdictOn(data, orchestrators) {
  const documents = [];
  try {
    for await (const result of parser({ data, location: location(PLACES.url) })) {
      if (result.type === 'entity') {
        let value = result.entity;
        try {
          value = JSON.stringify(value, inJson);
        } catch {
          value = null; // it refers to itself
        }
        documents.push({ value, problems: await problemOf(result, orchestrators) });
      } else {
        documents.push({ value: null, problems: orchestrators.map(() => String(result.error)) });
      }
    }
  } catch (error) {
    documents.push({ value: null, problems: orchestrators.map(() => String(error)) });
  }
  return documents;
}

(async () => {
  const orchestrators = [orchestrator(await modelOfTheAiModule()), orchestrator()];
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answers = [];
    for (const file of JSON.parse(line)) {
      answers.push(await verdictOn(Buffer.from(file, 'base64'), orchestrators));
    }
    process.stdout.write(`${JSON.stringify(answers)}\n`);
  }
})();
