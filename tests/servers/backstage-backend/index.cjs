// A real Backstage backend with the catalog and TechDocs, and nothing else. See ../backstage.py.
'use strict';

const { createBackend } = require('@backstage/backend-defaults');

const backend = createBackend();
backend.add(require('@backstage/plugin-catalog-backend'));
backend.add(require('@backstage/plugin-catalog-backend-module-logs'));
backend.add(require('@backstage/plugin-techdocs-backend'));
backend.start().catch(error => {
  console.error(error);
  process.exit(1);
});
