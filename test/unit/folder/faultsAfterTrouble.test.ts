import { AFTER_TROUBLE, describeFaults } from '../../support/faultRuns.ts';

describeFaults(AFTER_TROUBLE);
