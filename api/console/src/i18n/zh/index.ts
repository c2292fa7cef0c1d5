/** One file for each page, and three that all share: common, terms (words of the service), errors (codes of problems). */
import api from './api.json';
import codes from './codes.json';
import common from './common.json';
import credential from './credential.json';
import credentials from './credentials.json';
import dashboard from './dashboard.json';
import errors from './errors.json';
import imports from './imports.json';
import jobs from './jobs.json';
import login from './login.json';
import settings from './settings.json';
import system from './system.json';
import terms from './terms.json';

export default {
  api,
  codes,
  common,
  credential,
  credentials,
  dashboard,
  errors,
  imports,
  jobs,
  login,
  settings,
  system,
  terms,
};
