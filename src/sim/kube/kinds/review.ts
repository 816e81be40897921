/**
 * Reviews: questions to the API server about users and what they may do, in the form of objects that are never stored.
 * Source: k8s.io/api authorization/v1, authentication/v1; k8s.io/kubernetes pkg/registry/{authorization,authentication}, 1.35.
 */
import type { JsonObject } from '../../../base/json.ts';
import { accessOf, ADMIN, ADMIN_GROUPS, rulesOf } from '../authorization.ts';
import { objectAt, textAt } from '../fields.ts';
import { NAME_COLUMN, type ResourceType } from '../resource.ts';
import { builtin } from './builtin.ts';

const AUTHORIZATION = 'authorization.k8s.io';
const AUTHENTICATION = 'authentication.k8s.io';

type Status = (spec: JsonObject, user: string) => JsonObject;

const review = (group: string, kind: string, status: Status, namespaced = false): ResourceType =>
  builtin(
    { kind, plural: `${kind.toLowerCase()}s`, group, columns: [NAME_COLUMN] },
    {
      namespaced,
      verbs: ['create'],
      answer: (body, { tx, user }) => ({
        kind,
        apiVersion: `${group}/v1`,
        metadata:
          group === AUTHENTICATION ? { creationTimestamp: tx.timestamp } : { creationTimestamp: null },
        ...(group === AUTHENTICATION ? {} : { spec: objectAt(body, 'spec') }),
        status: status(objectAt(body, 'spec'), user),
      }),
    },
  );

const ofSubject: Status = (spec) => accessOf(textAt(spec, 'user'), spec);

export const ACCESS_REVIEWS: readonly ResourceType[] = [
  review(AUTHORIZATION, 'LocalSubjectAccessReview', ofSubject, true),
  review(AUTHORIZATION, 'SelfSubjectAccessReview', (spec, user) => accessOf(user, spec)),
  review(AUTHORIZATION, 'SelfSubjectRulesReview', (_spec, user) => rulesOf(user)),
  review(AUTHORIZATION, 'SubjectAccessReview', ofSubject),
];

/** `kubectl auth whoami` */
export const SELF_SUBJECT_REVIEWS: ResourceType = review(
  AUTHENTICATION,
  'SelfSubjectReview',
  (_spec, user) => ({
    userInfo: { username: user, groups: user === ADMIN ? ADMIN_GROUPS : ['system:authenticated'] },
  }),
);
