import { testGoldenTable } from '../../support/goldenTable.ts';
import { EXPORT_DIFFERENCES, EXPORT_REASONS, withOurManifest } from './exportDifferences.ts';

testGoldenTable({ file: 'export.json', reasons: EXPORT_REASONS, differences: EXPORT_DIFFERENCES, asOurs: withOurManifest });
