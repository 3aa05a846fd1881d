import { describeFaults, EVERY_DAY } from '../../support/faultRuns.ts';

describeFaults(EVERY_DAY);
