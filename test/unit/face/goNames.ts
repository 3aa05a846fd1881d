/**
 * Everything that the Go package `sync` exports, and what the port needs of its neighbours, under our names. The seed of the port: nothing
 * may be missing.
 */
export interface GoName {
  readonly kind: 'constant' | 'error' | 'function' | 'type' | 'field' | 'method' | 'constructor' | 'helper' | 'helper type';
  readonly go: string;
  /** As a caller writes it. */
  readonly ours: string;
  /** An expression over `face`, our exports, that compiles if and only if it is there with the right type. */
  readonly proof: string;
}

function constant(go: string, ours: string, value: string): GoName {
  return { kind: 'constant', go, ours, proof: `face.${ours} satisfies '${value}'` };
}

/** `fields`: Go's name to our name and type. */
function struct(name: string, fields: Readonly<Record<string, string>>): readonly GoName[] {
  const members = Object.entries(fields).map(([go, ours]): GoName => {
    const [property = '', type = ''] = ours.split(/: (.*)/);
    const optional = property.endsWith('?') ? ' | undefined' : '';
    const key = property.replace('?', '');
    return {
      kind: 'field',
      go: `${name}.${go}`,
      ours: `${name}.${key}`,
      proof: `the<face.${name}['${key}']>() satisfies (${type})${optional}`,
    };
  });
  return [{ kind: 'type', go: name, ours: name, proof: `the<face.${name}>()` }, ...members];
}

function method(type: string, go: string, signature: string): GoName {
  const [name = '', shape = ''] = signature.split(/: (.*)/);
  return { kind: 'method', go: `${type}.${go}`, ours: `${type}.${name}`, proof: `the<face.${type}>().${name} satisfies ${shape}` };
}

function helper(go: string, ours: string, proof: string): GoName {
  return { kind: 'helper', go, ours, proof };
}

function helperType(go: string, ours: string): GoName {
  return { kind: 'helper type', go, ours, proof: `the<face.${ours}>()` };
}

const constants: readonly GoName[] = [
  constant('UpgradeStatusReady', 'UpgradeStatus.Ready', 'ready'),
  constant('UpgradeStatusBlocked', 'UpgradeStatus.Blocked', 'blocked'),
  constant('UpgradeReasonClassReady', 'UpgradeReasonClass.Ready', 'ready'),
  constant('UpgradeReasonClassRepairable', 'UpgradeReasonClass.Repairable', 'repairable'),
  constant('UpgradeReasonClassBlocked', 'UpgradeReasonClass.Blocked', 'blocked'),
  constant('UpgradeReasonClassPolicy', 'UpgradeReasonClass.Policy', 'policy'),
  constant('UpgradeReasonReady', 'UpgradeReason.Ready', 'upgrade_ready'),
  constant('UpgradeReasonRepairableUnenrolled', 'UpgradeReason.RepairableUnenrolled', 'upgrade_repairable_unenrolled'),
  constant('UpgradeReasonBlockedProjectMissing', 'UpgradeReason.BlockedProjectMissing', 'upgrade_blocked_project_required'),
  constant('UpgradeReasonPolicyConfig', 'UpgradeReason.PolicyConfig', 'cloud_config_error'),
  constant('UpgradeReasonPolicyForbidden', 'UpgradeReason.PolicyForbidden', 'policy_forbidden'),
];

const functions: readonly GoName[] = [
  {
    kind: 'error',
    go: 'ErrChunkNotFound',
    ours: 'ChunkNotFoundError',
    proof: `new face.ChunkNotFoundError('x') satisfies face.EngramError & { readonly code: 'chunk-missing'; readonly chunkId: string }`,
  },
  {
    kind: 'function',
    go: 'GetUsername',
    ours: 'getUsername',
    proof: 'face.getUsername satisfies (env?: NodeJS.ProcessEnv, hostname?: () => string) => string',
  },
  {
    kind: 'function',
    go: 'ManifestSummary',
    ours: 'manifestSummary',
    proof: 'face.manifestSummary satisfies (manifest: face.Manifest) => string',
  },
  {
    kind: 'function',
    go: 'RollbackProject',
    ours: 'rollbackProject',
    proof: 'face.rollbackProject satisfies (store: face.Store, options: face.UpgradeRollbackOptions) => Promise<face.CloudUpgradeState>',
  },
  {
    kind: 'function',
    go: 'DiagnoseCloudUpgrade',
    ours: 'diagnoseCloudUpgrade',
    proof: 'face.diagnoseCloudUpgrade satisfies (input: face.UpgradeDiagnosisInput) => face.UpgradeDiagnosisReport',
  },
  {
    kind: 'function',
    go: 'BootstrapProject',
    ours: 'bootstrapProject',
    proof:
      'face.bootstrapProject satisfies (store: face.Store, transport: face.Transport, options: face.UpgradeBootstrapOptions) => Promise<face.UpgradeBootstrapResult>',
  },
];

const structs: readonly GoName[] = [
  ...struct('ChunkData', {
    Sessions: 'sessions: readonly face.SessionRecord[]',
    Observations: 'observations: readonly face.ObservationRecord[]',
    Prompts: 'prompts: readonly face.PromptRecord[]',
    Mutations: 'mutations?: readonly face.SyncMutation[]',
  }),
  ...struct('ChunkEntry', {
    ID: 'id: string',
    CreatedBy: 'createdBy: string',
    CreatedAt: 'createdAt: string',
    Sessions: 'sessions: number',
    Memories: 'memories: number',
    Prompts: 'prompts: number',
  }),
  ...struct('Manifest', { Version: 'version: number', Chunks: 'chunks: readonly face.ChunkEntry[]' }),
  ...struct('SyncResult', {
    ChunkID: 'chunkId?: string',
    SessionsExported: 'sessionsExported: number',
    ObservationsExported: 'observationsExported: number',
    PromptsExported: 'promptsExported: number',
    MutationsExported: 'mutationsExported: number',
    IsEmpty: 'isEmpty: boolean',
  }),
  ...struct('ImportResult', {
    ChunksImported: 'chunksImported: number',
    ChunksSkipped: 'chunksSkipped: number',
    SessionsImported: 'sessionsImported: number',
    ObservationsImported: 'observationsImported: number',
    PromptsImported: 'promptsImported: number',
  }),
  ...struct('UpgradeBootstrapOptions', { Project: 'project: string', CreatedBy: 'createdBy?: string' }),
  ...struct('UpgradeBootstrapResult', {
    Project: 'project: string',
    Stage: 'stage: face.UpgradeStage',
    Resumed: 'resumed: boolean',
    NoOp: 'noOp: boolean',
  }),
  ...struct('UpgradeDiagnosisInput', {
    Project: 'project: string',
    CloudConfigured: 'cloudConfigured: boolean',
    ProjectEnrolled: 'projectEnrolled: boolean',
    PolicyDenied: 'policyDenied: boolean',
  }),
  ...struct('UpgradeDiagnosisReport', {
    Status: 'status: face.UpgradeStatus',
    Class: 'class: face.UpgradeReasonClass',
    Code: 'code: face.UpgradeReason',
    Message: 'message: string',
  }),
  ...struct('UpgradeRollbackOptions', { Project: 'project: string', Hooks: 'hooks?: face.UpgradeLifecycleHooks' }),
];

const interfaces: readonly GoName[] = [
  ...struct('Transport', {}),
  method('Transport', 'ReadManifest', 'readManifest: () => Promise<face.Manifest>'),
  method('Transport', 'WriteManifest', 'writeManifest: (manifest: face.Manifest) => Promise<void>'),
  method('Transport', 'WriteChunk', 'writeChunk: (id: string, json: Uint8Array, entry: face.ChunkEntry) => Promise<void>'),
  method('Transport', 'ReadChunk', 'readChunk: (id: string) => Promise<Uint8Array>'),
  ...struct('UpgradeLifecycleHooks', {}),
  method('UpgradeLifecycleHooks', 'StopForUpgrade', 'stopForUpgrade: (project: string) => Promise<void>'),
  method('UpgradeLifecycleHooks', 'ResumeAfterUpgrade', 'resumeAfterUpgrade: (project: string) => Promise<void>'),
];

const LOCAL = 'face.Syncer.local satisfies (store: face.Store, syncDir: string) => face.Syncer';

const classes: readonly GoName[] = [
  ...struct('FileTransport', {}),
  { kind: 'constructor', go: 'NewFileTransport', ours: 'FileTransport', proof: `new face.FileTransport('x') satisfies face.Transport` },
  method('FileTransport', 'ReadManifest', 'readManifest: () => Promise<face.Manifest>'),
  method('FileTransport', 'WriteManifest', 'writeManifest: (manifest: face.Manifest) => Promise<void>'),
  method('FileTransport', 'WriteChunk', 'writeChunk: (id: string, json: Uint8Array, entry: face.ChunkEntry) => Promise<void>'),
  method('FileTransport', 'ReadChunk', 'readChunk: (id: string) => Promise<Uint8Array>'),
  ...struct('Syncer', {}),
  { kind: 'constructor', go: 'New', ours: 'Syncer.local', proof: LOCAL },
  { kind: 'constructor', go: 'NewLocal', ours: 'Syncer.local', proof: LOCAL },
  {
    kind: 'constructor',
    go: 'NewWithTransport',
    ours: 'Syncer.withTransport',
    proof: 'face.Syncer.withTransport satisfies (store: face.Store, transport: face.Transport) => face.Syncer',
  },
  {
    kind: 'constructor',
    go: 'NewCloudWithTransport',
    ours: 'Syncer.cloud',
    proof: 'face.Syncer.cloud satisfies (store: face.Store, transport: face.Transport, project: string) => face.Syncer',
  },
  method('Syncer', 'Export', 'export: (options: { createdBy: string; project?: string }) => Promise<face.SyncResult>'),
  method('Syncer', 'Import', 'import: (options?: { signal?: AbortSignal }) => Promise<face.ImportResult>'),
  method('Syncer', 'Status', 'status: () => Promise<{ localChunks: number; remoteChunks: number; pendingImport: number }>'),
];

const helpers: readonly GoName[] = [
  helper('chunkcodec.ChunkID', 'chunkId', 'face.chunkId satisfies (bytes: Uint8Array) => string'),
  helper(
    'chunkcodec.CanonicalizeForProject',
    'canonicalizeForProject',
    'face.canonicalizeForProject satisfies (bytes: Uint8Array, project: string) => Uint8Array',
  ),
  helper(
    'chunkcodec.DecodeSyncMutationPayload',
    'decodeMutationPayload',
    'face.decodeMutationPayload satisfies (payload: string) => face.JsonObject',
  ),
  helper('encoding/json string encoder', 'encodeGoString', 'face.encodeGoString satisfies (value: string | Uint8Array) => string'),
  helper('json.Marshal(ChunkData)', 'encodeChunk', 'face.encodeChunk satisfies (chunk: face.ChunkData) => Uint8Array'),
  helper('json.Unmarshal(ChunkData)', 'decodeChunk', 'face.decodeChunk satisfies (bytes: Uint8Array) => face.ChunkData'),
  helper('json.MarshalIndent(Manifest)', 'encodeManifest', 'face.encodeManifest satisfies (manifest: face.Manifest) => Uint8Array'),
  helper('json.Unmarshal(Manifest)', 'decodeManifest', 'face.decodeManifest satisfies (bytes: Uint8Array) => face.Manifest'),
  helper(
    'store.NormalizeProject',
    'normalizeProject',
    'face.normalizeProject satisfies (name: string) => { normalized: string; warning: string }',
  ),
  helper('project.DetectProjectFull', 'detectProject', 'face.detectProject satisfies (dir: string) => Promise<face.DetectionResult>'),
  helperType('store.CloudUpgradeState', 'CloudUpgradeState'),
  helperType('store.UpgradeStage…', 'UpgradeStage'),
  helperType('store.UpgradeRepairClass…', 'UpgradeRepairClass'),
  helper(
    'store.RepairCloudUpgrade',
    'repairCloudUpgrade',
    'face.repairCloudUpgrade satisfies (store: face.Store, project: string, options: { apply: boolean }) => Promise<face.UpgradeRepairReport>',
  ),
  helper(
    'store.DiagnoseCloudUpgradeLegacyMutations',
    'diagnoseLegacyMutations',
    'face.diagnoseLegacyMutations satisfies (store: face.Store, project: string) => Promise<face.LegacyReport>',
  ),
  helper('remote.RemoteTransport', 'RemoteTransport', 'the<face.RemoteTransport>() satisfies face.Transport'),
  helper('remote.HTTPStatusError', 'HttpStatusError', 'the<face.HttpStatusError>() satisfies face.EngramError'),
  helper('remote.MutationTransport', 'MutationTransport', 'the<face.MutationTransport>()'),
  helper('autosync.Manager', 'AutosyncManager', 'the<face.AutosyncManager>() satisfies face.UpgradeLifecycleHooks'),
];

export const GO_NAMES: readonly GoName[] = [...constants, ...functions, ...structs, ...interfaces, ...classes, ...helpers];
