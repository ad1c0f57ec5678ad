import { PROVISIONER_TYPES } from '@decent-cloud/messages/words';
import { Option } from 'commander';

export const provisionerTypeOption = (): Option =>
  new Option('--provisioner-type <type>', 'what makes the machines').choices(PROVISIONER_TYPES);
