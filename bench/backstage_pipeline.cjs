// What Backstage itself does with catalog files: reads them with `yaml`, applies the policies of catalog-model
// and the validators of its kinds. Arguments: the folder that holds node_modules, then the catalog's folder.
// Ends by printing how many files, entities and bad entities there were.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const modules = path.join(process.argv[2], 'node_modules');
const yaml = require(path.join(modules, 'yaml'));
const model = require(path.join(modules, '@backstage/catalog-model/dist/index.cjs.js'));
const mcp = require(path.join(modules, '@backstage/catalog-model/dist/kinds/McpServerApiEntity.cjs.js'));

const policies = [
  new model.SchemaValidEntityPolicy(),
  new model.DefaultNamespaceEntityPolicy(),
  new model.NoForeignRootFieldsEntityPolicy(),
  new model.FieldFormatEntityPolicy(),
];
const validators = {
  API: model.apiEntityV1alpha1Validator,
  Component: model.componentEntityV1alpha1Validator,
  Domain: model.domainEntityV1alpha1Validator,
  Group: model.groupEntityV1alpha1Validator,
  Location: model.locationEntityV1alpha1Validator,
  Resource: model.resourceEntityV1alpha1Validator,
  System: model.systemEntityV1alpha1Validator,
  User: model.userEntityV1alpha1Validator,
};

async function isRight(document) {
  try {
    if (document.errors.length) return false;
    let entity = document.toJSON();
    for (const policy of policies) entity = await policy.enforce(entity);
    const tools = entity.kind === 'API' && entity.spec?.type === 'mcp-server';
    return await (tools ? mcp.mcpServerApiEntityValidator : validators[entity.kind]).check(entity);
  } catch {
    return false;
  }
}

function* catalogFiles(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const whole = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* catalogFiles(whole);
    else if (entry.name === 'catalog-info.yaml') yield whole;
  }
}

(async () => {
  const counts = { files: 0, entities: 0, bad: 0 };
  for (const file of catalogFiles(process.argv[3])) {
    counts.files += 1;
    for (const document of yaml.parseAllDocuments(fs.readFileSync(file, 'utf8'))) {
      counts.entities += 1;
      if (!(await isRight(document))) counts.bad += 1;
    }
  }
  process.stdout.write(`${JSON.stringify(counts)}\n`);
})();
