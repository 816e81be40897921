/**
 * The fields of the built-in kinds and their types, as facts of the API: `name:type`, where a type is a scalar, another
 * entry, `[list]` or `{map}`; `@key` is a list's merge key, `!` a set, `/a+b` its map keys when they differ.
 * Source: api/openapi-spec/v3 of Kubernetes v1.35.0 (field names, types, patch keys only).
 */
export const FIELD_TYPES: Readonly<Record<string, string>> = {
  AWSElasticBlockStoreVolumeSource: 'fsType:string partition:int32 readOnly:boolean volumeID:string',
  Affinity: 'nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity',
  AppArmorProfile: 'localhostProfile:string type:string',
  AttachedVolume: 'devicePath:string name:string',
  AzureDiskVolumeSource:
    'cachingMode:string diskName:string diskURI:string fsType:string kind:string readOnly:boolean',
  AzureFileVolumeSource: 'readOnly:boolean secretName:string shareName:string',
  Binding: 'target:ObjectReference',
  CSIVolumeSource:
    'driver:string fsType:string nodePublishSecretRef:LocalObjectReference readOnly:boolean volumeAttributes:{string}',
  Capabilities: 'add:[string] drop:[string]',
  CephFSVolumeSource:
    'monitors:[string] path:string readOnly:boolean secretFile:string secretRef:LocalObjectReference user:string',
  CinderVolumeSource: 'fsType:string readOnly:boolean secretRef:LocalObjectReference volumeID:string',
  ClientIPConfig: 'timeoutSeconds:int32',
  ClusterTrustBundleProjection:
    'labelSelector:LabelSelector name:string optional:boolean path:string signerName:string',
  ComponentCondition: 'error:string message:string status:string type:string',
  ComponentStatus: 'conditions:[ComponentCondition]@type',
  Condition:
    'lastTransitionTime:string message:string observedGeneration:int64 reason:string status:string type:string',
  ConfigMap: 'binaryData:{string} data:{string} immutable:boolean',
  ConfigMapEnvSource: 'name:string optional:boolean',
  ConfigMapKeySelector: 'key:string name:string optional:boolean',
  ConfigMapNodeConfigSource:
    'kubeletConfigKey:string name:string namespace:string resourceVersion:string uid:string',
  ConfigMapProjection: 'items:[KeyToPath] name:string optional:boolean',
  ConfigMapVolumeSource: 'defaultMode:int32 items:[KeyToPath] name:string optional:boolean',
  Container:
    'args:[string] command:[string] env:[EnvVar]@name envFrom:[EnvFromSource] image:string imagePullPolicy:string lifecycle:Lifecycle livenessProbe:Probe name:string ports:[ContainerPort]@containerPort/containerPort+protocol readinessProbe:Probe resizePolicy:[ContainerResizePolicy] resources:ResourceRequirements restartPolicy:string restartPolicyRules:[ContainerRestartRule] securityContext:SecurityContext startupProbe:Probe stdin:boolean stdinOnce:boolean terminationMessagePath:string terminationMessagePolicy:string tty:boolean volumeDevices:[VolumeDevice]@devicePath volumeMounts:[VolumeMount]@mountPath workingDir:string',
  ContainerExtendedResourceRequest: 'containerName:string requestName:string resourceName:string',
  ContainerImage: 'names:[string] sizeBytes:int64',
  ContainerPort: 'containerPort:int32 hostIP:string hostPort:int32 name:string protocol:string',
  ContainerResizePolicy: 'resourceName:string restartPolicy:string',
  ContainerRestartRule: 'action:string exitCodes:ContainerRestartRuleOnExitCodes',
  ContainerRestartRuleOnExitCodes: 'operator:string values:[int32]!',
  ContainerState:
    'running:ContainerStateRunning terminated:ContainerStateTerminated waiting:ContainerStateWaiting',
  ContainerStateRunning: 'startedAt:string',
  ContainerStateTerminated:
    'containerID:string exitCode:int32 finishedAt:string message:string reason:string signal:int32 startedAt:string',
  ContainerStateWaiting: 'message:string reason:string',
  ContainerStatus:
    'allocatedResources:{quantity} allocatedResourcesStatus:[ResourceStatus]@name containerID:string image:string imageID:string lastState:ContainerState name:string ready:boolean resources:ResourceRequirements restartCount:int32 started:boolean state:ContainerState stopSignal:string user:ContainerUser volumeMounts:[VolumeMountStatus]@mountPath',
  ContainerUser: 'linux:LinuxContainerUser',
  DaemonEndpoint: 'Port:int32',
  DaemonSet: 'spec:DaemonSetSpec status:DaemonSetStatus',
  DaemonSetCondition: 'lastTransitionTime:string message:string reason:string status:string type:string',
  DaemonSetSpec:
    'minReadySeconds:int32 revisionHistoryLimit:int32 selector:LabelSelector template:PodTemplateSpec updateStrategy:DaemonSetUpdateStrategy',
  DaemonSetStatus:
    'collisionCount:int32 conditions:[DaemonSetCondition]@type currentNumberScheduled:int32 desiredNumberScheduled:int32 numberAvailable:int32 numberMisscheduled:int32 numberReady:int32 numberUnavailable:int32 observedGeneration:int64 updatedNumberScheduled:int32',
  DaemonSetUpdateStrategy: 'rollingUpdate:RollingUpdateDaemonSet type:string',
  Deployment: 'spec:DeploymentSpec status:DeploymentStatus',
  DeploymentCondition:
    'lastTransitionTime:string lastUpdateTime:string message:string reason:string status:string type:string',
  DeploymentSpec:
    'minReadySeconds:int32 paused:boolean progressDeadlineSeconds:int32 replicas:int32 revisionHistoryLimit:int32 selector:LabelSelector strategy:DeploymentStrategy template:PodTemplateSpec',
  DeploymentStatus:
    'availableReplicas:int32 collisionCount:int32 conditions:[DeploymentCondition]@type observedGeneration:int64 readyReplicas:int32 replicas:int32 terminatingReplicas:int32 unavailableReplicas:int32 updatedReplicas:int32',
  DeploymentStrategy: 'rollingUpdate:RollingUpdateDeployment type:string',
  DownwardAPIProjection: 'items:[DownwardAPIVolumeFile]',
  DownwardAPIVolumeFile:
    'fieldRef:ObjectFieldSelector mode:int32 path:string resourceFieldRef:ResourceFieldSelector',
  DownwardAPIVolumeSource: 'defaultMode:int32 items:[DownwardAPIVolumeFile]',
  EmptyDirVolumeSource: 'medium:string sizeLimit:quantity',
  Endpoint:
    'addresses:[string]! conditions:EndpointConditions deprecatedTopology:{string} hints:EndpointHints hostname:string nodeName:string targetRef:ObjectReference zone:string',
  EndpointAddress: 'hostname:string ip:string nodeName:string targetRef:ObjectReference',
  EndpointConditions: 'ready:boolean serving:boolean terminating:boolean',
  EndpointHints: 'forNodes:[ForNode] forZones:[ForZone]',
  EndpointPort: 'appProtocol:string name:string port:int32 protocol:string',
  EndpointSlice: 'addressType:string endpoints:[Endpoint] ports:[EndpointPort]',
  EndpointSubset: 'addresses:[EndpointAddress] notReadyAddresses:[EndpointAddress] ports:[EndpointPort]',
  Endpoints: 'subsets:[EndpointSubset]',
  EnvFromSource: 'configMapRef:ConfigMapEnvSource prefix:string secretRef:SecretEnvSource',
  EnvVar: 'name:string value:string valueFrom:EnvVarSource',
  EnvVarSource:
    'configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector fileKeyRef:FileKeySelector resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector',
  EphemeralContainer:
    'args:[string] command:[string] env:[EnvVar]@name envFrom:[EnvFromSource] image:string imagePullPolicy:string lifecycle:Lifecycle livenessProbe:Probe name:string ports:[ContainerPort]@containerPort/containerPort+protocol readinessProbe:Probe resizePolicy:[ContainerResizePolicy] resources:ResourceRequirements restartPolicy:string restartPolicyRules:[ContainerRestartRule] securityContext:SecurityContext startupProbe:Probe stdin:boolean stdinOnce:boolean targetContainerName:string terminationMessagePath:string terminationMessagePolicy:string tty:boolean volumeDevices:[VolumeDevice]@devicePath volumeMounts:[VolumeMount]@mountPath workingDir:string',
  EphemeralVolumeSource: 'volumeClaimTemplate:PersistentVolumeClaimTemplate',
  Event:
    'action:string count:int32 eventTime:string firstTimestamp:string involvedObject:ObjectReference lastTimestamp:string message:string reason:string related:ObjectReference reportingComponent:string reportingInstance:string series:EventSeries source:EventSource type:string',
  EventSeries: 'count:int32 lastObservedTime:string',
  EventSource: 'component:string host:string',
  ExecAction: 'command:[string]',
  FCVolumeSource: 'fsType:string lun:int32 readOnly:boolean targetWWNs:[string] wwids:[string]',
  FieldSelectorAttributes: 'rawSelector:string requirements:[FieldSelectorRequirement]',
  FieldSelectorRequirement: 'key:string operator:string values:[string]',
  FileKeySelector: 'key:string optional:boolean path:string volumeName:string',
  FlexVolumeSource:
    'driver:string fsType:string options:{string} readOnly:boolean secretRef:LocalObjectReference',
  FlockerVolumeSource: 'datasetName:string datasetUUID:string',
  ForNode: 'name:string',
  ForZone: 'name:string',
  GCEPersistentDiskVolumeSource: 'fsType:string partition:int32 pdName:string readOnly:boolean',
  GRPCAction: 'port:int32 service:string',
  GitRepoVolumeSource: 'directory:string repository:string revision:string',
  GlusterfsVolumeSource: 'endpoints:string path:string readOnly:boolean',
  HTTPGetAction: 'host:string httpHeaders:[HTTPHeader] path:string port:int-or-string scheme:string',
  HTTPHeader: 'name:string value:string',
  HostAlias: 'hostnames:[string] ip:string',
  HostIP: 'ip:string',
  HostPathVolumeSource: 'path:string type:string',
  IPBlock: 'cidr:string except:[string]',
  ISCSIVolumeSource:
    'chapAuthDiscovery:boolean chapAuthSession:boolean fsType:string initiatorName:string iqn:string iscsiInterface:string lun:int32 portals:[string] readOnly:boolean secretRef:LocalObjectReference targetPortal:string',
  ImageVolumeSource: 'pullPolicy:string reference:string',
  KeyToPath: 'key:string mode:int32 path:string',
  LabelSelector: 'matchExpressions:[LabelSelectorRequirement] matchLabels:{string}',
  LabelSelectorAttributes: 'rawSelector:string requirements:[LabelSelectorRequirement]',
  LabelSelectorRequirement: 'key:string operator:string values:[string]',
  Lease: 'spec:LeaseSpec',
  LeaseSpec:
    'acquireTime:string holderIdentity:string leaseDurationSeconds:int32 leaseTransitions:int32 preferredHolder:string renewTime:string strategy:string',
  Lifecycle: 'postStart:LifecycleHandler preStop:LifecycleHandler stopSignal:string',
  LifecycleHandler: 'exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction',
  LinuxContainerUser: 'gid:int64 supplementalGroups:[int64] uid:int64',
  LoadBalancerIngress: 'hostname:string ip:string ipMode:string ports:[PortStatus]',
  LoadBalancerStatus: 'ingress:[LoadBalancerIngress]',
  LocalObjectReference: 'name:string',
  LocalSubjectAccessReview: 'spec:SubjectAccessReviewSpec status:SubjectAccessReviewStatus',
  ModifyVolumeStatus: 'status:string targetVolumeAttributesClassName:string',
  NFSVolumeSource: 'path:string readOnly:boolean server:string',
  Namespace: 'spec:NamespaceSpec status:NamespaceStatus',
  NamespaceCondition: 'lastTransitionTime:string message:string reason:string status:string type:string',
  NamespaceSpec: 'finalizers:[string]',
  NamespaceStatus: 'conditions:[NamespaceCondition]@type phase:string',
  NetworkPolicy: 'spec:NetworkPolicySpec',
  NetworkPolicyEgressRule: 'ports:[NetworkPolicyPort] to:[NetworkPolicyPeer]',
  NetworkPolicyIngressRule: 'from:[NetworkPolicyPeer] ports:[NetworkPolicyPort]',
  NetworkPolicyPeer: 'ipBlock:IPBlock namespaceSelector:LabelSelector podSelector:LabelSelector',
  NetworkPolicyPort: 'endPort:int32 port:int-or-string protocol:string',
  NetworkPolicySpec:
    'egress:[NetworkPolicyEgressRule] ingress:[NetworkPolicyIngressRule] podSelector:LabelSelector policyTypes:[string]',
  Node: 'spec:NodeSpec status:NodeStatus',
  NodeAddress: 'address:string type:string',
  NodeAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm] requiredDuringSchedulingIgnoredDuringExecution:NodeSelector',
  NodeCondition:
    'lastHeartbeatTime:string lastTransitionTime:string message:string reason:string status:string type:string',
  NodeConfigSource: 'configMap:ConfigMapNodeConfigSource',
  NodeConfigStatus:
    'active:NodeConfigSource assigned:NodeConfigSource error:string lastKnownGood:NodeConfigSource',
  NodeDaemonEndpoints: 'kubeletEndpoint:DaemonEndpoint',
  NodeFeatures: 'supplementalGroupsPolicy:boolean',
  NodeRuntimeHandler: 'features:NodeRuntimeHandlerFeatures name:string',
  NodeRuntimeHandlerFeatures: 'recursiveReadOnlyMounts:boolean userNamespaces:boolean',
  NodeSelector: 'nodeSelectorTerms:[NodeSelectorTerm]',
  NodeSelectorRequirement: 'key:string operator:string values:[string]',
  NodeSelectorTerm: 'matchExpressions:[NodeSelectorRequirement] matchFields:[NodeSelectorRequirement]',
  NodeSpec:
    'configSource:NodeConfigSource externalID:string podCIDR:string podCIDRs:[string]! providerID:string taints:[Taint] unschedulable:boolean',
  NodeStatus:
    'addresses:[NodeAddress]@type allocatable:{quantity} capacity:{quantity} conditions:[NodeCondition]@type config:NodeConfigStatus daemonEndpoints:NodeDaemonEndpoints declaredFeatures:[string] features:NodeFeatures images:[ContainerImage] nodeInfo:NodeSystemInfo phase:string runtimeHandlers:[NodeRuntimeHandler] volumesAttached:[AttachedVolume] volumesInUse:[string]',
  NodeSwapStatus: 'capacity:int64',
  NodeSystemInfo:
    'architecture:string bootID:string containerRuntimeVersion:string kernelVersion:string kubeProxyVersion:string kubeletVersion:string machineID:string operatingSystem:string osImage:string swap:NodeSwapStatus systemUUID:string',
  NonResourceAttributes: 'path:string verb:string',
  NonResourceRule: 'nonResourceURLs:[string] verbs:[string]',
  ObjectFieldSelector: 'apiVersion:string fieldPath:string',
  ObjectReference:
    'apiVersion:string fieldPath:string kind:string name:string namespace:string resourceVersion:string uid:string',
  PersistentVolumeClaim:
    'apiVersion:string kind:string metadata:ObjectMeta spec:PersistentVolumeClaimSpec status:PersistentVolumeClaimStatus',
  PersistentVolumeClaimCondition:
    'lastProbeTime:string lastTransitionTime:string message:string reason:string status:string type:string',
  PersistentVolumeClaimSpec:
    'accessModes:[string] dataSource:TypedLocalObjectReference dataSourceRef:TypedObjectReference resources:VolumeResourceRequirements selector:LabelSelector storageClassName:string volumeAttributesClassName:string volumeMode:string volumeName:string',
  PersistentVolumeClaimStatus:
    'accessModes:[string] allocatedResourceStatuses:{string} allocatedResources:{quantity} capacity:{quantity} conditions:[PersistentVolumeClaimCondition]@type currentVolumeAttributesClassName:string modifyVolumeStatus:ModifyVolumeStatus phase:string',
  PersistentVolumeClaimTemplate: 'metadata:ObjectMeta spec:PersistentVolumeClaimSpec',
  PersistentVolumeClaimVolumeSource: 'claimName:string readOnly:boolean',
  PhotonPersistentDiskVolumeSource: 'fsType:string pdID:string',
  Pod: 'spec:PodSpec status:PodStatus',
  PodAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm] requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]',
  PodAffinityTerm:
    'labelSelector:LabelSelector matchLabelKeys:[string] mismatchLabelKeys:[string] namespaceSelector:LabelSelector namespaces:[string] topologyKey:string',
  PodAntiAffinity:
    'preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm] requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]',
  PodCertificateProjection:
    'certificateChainPath:string credentialBundlePath:string keyPath:string keyType:string maxExpirationSeconds:int32 signerName:string userAnnotations:{string}',
  PodCondition:
    'lastProbeTime:string lastTransitionTime:string message:string observedGeneration:int64 reason:string status:string type:string',
  PodDNSConfig: 'nameservers:[string] options:[PodDNSConfigOption] searches:[string]',
  PodDNSConfigOption: 'name:string value:string',
  PodDisruptionBudget: 'spec:PodDisruptionBudgetSpec status:PodDisruptionBudgetStatus',
  PodDisruptionBudgetSpec:
    'maxUnavailable:int-or-string minAvailable:int-or-string selector:LabelSelector unhealthyPodEvictionPolicy:string',
  PodDisruptionBudgetStatus:
    'conditions:[Condition]@type currentHealthy:int32 desiredHealthy:int32 disruptedPods:{string} disruptionsAllowed:int32 expectedPods:int32 observedGeneration:int64',
  PodExtendedResourceClaimStatus:
    'requestMappings:[ContainerExtendedResourceRequest] resourceClaimName:string',
  PodIP: 'ip:string',
  PodOS: 'name:string',
  PodReadinessGate: 'conditionType:string',
  PodResourceClaim: 'name:string resourceClaimName:string resourceClaimTemplateName:string',
  PodResourceClaimStatus: 'name:string resourceClaimName:string',
  PodSchedulingGate: 'name:string',
  PodSecurityContext:
    'appArmorProfile:AppArmorProfile fsGroup:int64 fsGroupChangePolicy:string runAsGroup:int64 runAsNonRoot:boolean runAsUser:int64 seLinuxChangePolicy:string seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile supplementalGroups:[int64] supplementalGroupsPolicy:string sysctls:[Sysctl] windowsOptions:WindowsSecurityContextOptions',
  PodSpec:
    'activeDeadlineSeconds:int64 affinity:Affinity automountServiceAccountToken:boolean containers:[Container]@name dnsConfig:PodDNSConfig dnsPolicy:string enableServiceLinks:boolean ephemeralContainers:[EphemeralContainer]@name hostAliases:[HostAlias]@ip hostIPC:boolean hostNetwork:boolean hostPID:boolean hostUsers:boolean hostname:string hostnameOverride:string imagePullSecrets:[LocalObjectReference]@name initContainers:[Container]@name nodeName:string nodeSelector:{string} os:PodOS overhead:{quantity} preemptionPolicy:string priority:int32 priorityClassName:string readinessGates:[PodReadinessGate] resourceClaims:[PodResourceClaim]@name resources:ResourceRequirements restartPolicy:string runtimeClassName:string schedulerName:string schedulingGates:[PodSchedulingGate]@name securityContext:PodSecurityContext serviceAccount:string serviceAccountName:string setHostnameAsFQDN:boolean shareProcessNamespace:boolean subdomain:string terminationGracePeriodSeconds:int64 tolerations:[Toleration] topologySpreadConstraints:[TopologySpreadConstraint]@topologyKey/topologyKey+whenUnsatisfiable volumes:[Volume]@name workloadRef:WorkloadReference',
  PodStatus:
    'allocatedResources:{quantity} conditions:[PodCondition]@type containerStatuses:[ContainerStatus] ephemeralContainerStatuses:[ContainerStatus] extendedResourceClaimStatus:PodExtendedResourceClaimStatus hostIP:string hostIPs:[HostIP]@ip initContainerStatuses:[ContainerStatus] message:string nominatedNodeName:string observedGeneration:int64 phase:string podIP:string podIPs:[PodIP]@ip qosClass:string reason:string resize:string resourceClaimStatuses:[PodResourceClaimStatus]@name resources:ResourceRequirements startTime:string',
  PodTemplateSpec: 'metadata:ObjectMeta spec:PodSpec',
  PortStatus: 'error:string port:int32 protocol:string',
  PortworxVolumeSource: 'fsType:string readOnly:boolean volumeID:string',
  PreferredSchedulingTerm: 'preference:NodeSelectorTerm weight:int32',
  Probe:
    'exec:ExecAction failureThreshold:int32 grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds:int32 periodSeconds:int32 successThreshold:int32 tcpSocket:TCPSocketAction terminationGracePeriodSeconds:int64 timeoutSeconds:int32',
  ProjectedVolumeSource: 'defaultMode:int32 sources:[VolumeProjection]',
  QuobyteVolumeSource:
    'group:string readOnly:boolean registry:string tenant:string user:string volume:string',
  RBDVolumeSource:
    'fsType:string image:string keyring:string monitors:[string] pool:string readOnly:boolean secretRef:LocalObjectReference user:string',
  ReplicaSet: 'spec:ReplicaSetSpec status:ReplicaSetStatus',
  ReplicaSetCondition: 'lastTransitionTime:string message:string reason:string status:string type:string',
  ReplicaSetSpec: 'minReadySeconds:int32 replicas:int32 selector:LabelSelector template:PodTemplateSpec',
  ReplicaSetStatus:
    'availableReplicas:int32 conditions:[ReplicaSetCondition]@type fullyLabeledReplicas:int32 observedGeneration:int64 readyReplicas:int32 replicas:int32 terminatingReplicas:int32',
  ResourceAttributes:
    'fieldSelector:FieldSelectorAttributes group:string labelSelector:LabelSelectorAttributes name:string namespace:string resource:string subresource:string verb:string version:string',
  ResourceClaim: 'name:string request:string',
  ResourceFieldSelector: 'containerName:string divisor:quantity resource:string',
  ResourceHealth: 'health:string resourceID:string',
  ResourceRequirements: 'claims:[ResourceClaim]/name limits:{quantity} requests:{quantity}',
  ResourceRule: 'apiGroups:[string] resourceNames:[string] resources:[string] verbs:[string]',
  ResourceStatus: 'name:string resources:[ResourceHealth]/resourceID',
  RollingUpdateDaemonSet: 'maxSurge:int-or-string maxUnavailable:int-or-string',
  RollingUpdateDeployment: 'maxSurge:int-or-string maxUnavailable:int-or-string',
  RollingUpdateStatefulSetStrategy: 'maxUnavailable:int-or-string partition:int32',
  SELinuxOptions: 'level:string role:string type:string user:string',
  ScaleIOVolumeSource:
    'fsType:string gateway:string protectionDomain:string readOnly:boolean secretRef:LocalObjectReference sslEnabled:boolean storageMode:string storagePool:string system:string volumeName:string',
  SeccompProfile: 'localhostProfile:string type:string',
  Secret: 'data:{string} immutable:boolean stringData:{string} type:string',
  SecretEnvSource: 'name:string optional:boolean',
  SecretKeySelector: 'key:string name:string optional:boolean',
  SecretProjection: 'items:[KeyToPath] name:string optional:boolean',
  SecretVolumeSource: 'defaultMode:int32 items:[KeyToPath] optional:boolean secretName:string',
  SecurityContext:
    'allowPrivilegeEscalation:boolean appArmorProfile:AppArmorProfile capabilities:Capabilities privileged:boolean procMount:string readOnlyRootFilesystem:boolean runAsGroup:int64 runAsNonRoot:boolean runAsUser:int64 seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile windowsOptions:WindowsSecurityContextOptions',
  SelfSubjectAccessReview: 'spec:SelfSubjectAccessReviewSpec status:SubjectAccessReviewStatus',
  SelfSubjectAccessReviewSpec:
    'nonResourceAttributes:NonResourceAttributes resourceAttributes:ResourceAttributes',
  SelfSubjectReview: 'status:SelfSubjectReviewStatus',
  SelfSubjectReviewStatus: 'userInfo:UserInfo',
  SelfSubjectRulesReview: 'spec:SelfSubjectRulesReviewSpec status:SubjectRulesReviewStatus',
  SelfSubjectRulesReviewSpec: 'namespace:string',
  Service: 'spec:ServiceSpec status:ServiceStatus',
  ServiceAccount:
    'automountServiceAccountToken:boolean imagePullSecrets:[LocalObjectReference] secrets:[ObjectReference]@name',
  ServiceAccountTokenProjection: 'audience:string expirationSeconds:int64 path:string',
  ServicePort:
    'appProtocol:string name:string nodePort:int32 port:int32 protocol:string targetPort:int-or-string',
  ServiceSpec:
    'allocateLoadBalancerNodePorts:boolean clusterIP:string clusterIPs:[string] externalIPs:[string] externalName:string externalTrafficPolicy:string healthCheckNodePort:int32 internalTrafficPolicy:string ipFamilies:[string] ipFamilyPolicy:string loadBalancerClass:string loadBalancerIP:string loadBalancerSourceRanges:[string] ports:[ServicePort]@port/port+protocol publishNotReadyAddresses:boolean selector:{string} sessionAffinity:string sessionAffinityConfig:SessionAffinityConfig trafficDistribution:string type:string',
  ServiceStatus: 'conditions:[Condition]@type loadBalancer:LoadBalancerStatus',
  SessionAffinityConfig: 'clientIP:ClientIPConfig',
  SleepAction: 'seconds:int64',
  StatefulSet: 'spec:StatefulSetSpec status:StatefulSetStatus',
  StatefulSetCondition: 'lastTransitionTime:string message:string reason:string status:string type:string',
  StatefulSetOrdinals: 'start:int32',
  StatefulSetPersistentVolumeClaimRetentionPolicy: 'whenDeleted:string whenScaled:string',
  StatefulSetSpec:
    'minReadySeconds:int32 ordinals:StatefulSetOrdinals persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy podManagementPolicy:string replicas:int32 revisionHistoryLimit:int32 selector:LabelSelector serviceName:string template:PodTemplateSpec updateStrategy:StatefulSetUpdateStrategy volumeClaimTemplates:[PersistentVolumeClaim]',
  StatefulSetStatus:
    'availableReplicas:int32 collisionCount:int32 conditions:[StatefulSetCondition]@type currentReplicas:int32 currentRevision:string observedGeneration:int64 readyReplicas:int32 replicas:int32 updateRevision:string updatedReplicas:int32',
  StatefulSetUpdateStrategy: 'rollingUpdate:RollingUpdateStatefulSetStrategy type:string',
  StorageOSVolumeSource:
    'fsType:string readOnly:boolean secretRef:LocalObjectReference volumeName:string volumeNamespace:string',
  SubjectAccessReview: 'spec:SubjectAccessReviewSpec status:SubjectAccessReviewStatus',
  SubjectAccessReviewSpec:
    'extra:{[string]} groups:[string] nonResourceAttributes:NonResourceAttributes resourceAttributes:ResourceAttributes uid:string user:string',
  SubjectAccessReviewStatus: 'allowed:boolean denied:boolean evaluationError:string reason:string',
  SubjectRulesReviewStatus:
    'evaluationError:string incomplete:boolean nonResourceRules:[NonResourceRule] resourceRules:[ResourceRule]',
  Sysctl: 'name:string value:string',
  TCPSocketAction: 'host:string port:int-or-string',
  Taint: 'effect:string key:string timeAdded:string value:string',
  Toleration: 'effect:string key:string operator:string tolerationSeconds:int64 value:string',
  TopologySpreadConstraint:
    'labelSelector:LabelSelector matchLabelKeys:[string] maxSkew:int32 minDomains:int32 nodeAffinityPolicy:string nodeTaintsPolicy:string topologyKey:string whenUnsatisfiable:string',
  TypedLocalObjectReference: 'apiGroup:string kind:string name:string',
  TypedObjectReference: 'apiGroup:string kind:string name:string namespace:string',
  UserInfo: 'extra:{[string]} groups:[string] uid:string username:string',
  Volume:
    'awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource azureFile:AzureFileVolumeSource cephfs:CephFSVolumeSource cinder:CinderVolumeSource configMap:ConfigMapVolumeSource csi:CSIVolumeSource downwardAPI:DownwardAPIVolumeSource emptyDir:EmptyDirVolumeSource ephemeral:EphemeralVolumeSource fc:FCVolumeSource flexVolume:FlexVolumeSource flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource gitRepo:GitRepoVolumeSource glusterfs:GlusterfsVolumeSource hostPath:HostPathVolumeSource image:ImageVolumeSource iscsi:ISCSIVolumeSource name:string nfs:NFSVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource projected:ProjectedVolumeSource quobyte:QuobyteVolumeSource rbd:RBDVolumeSource scaleIO:ScaleIOVolumeSource secret:SecretVolumeSource storageos:StorageOSVolumeSource vsphereVolume:VsphereVirtualDiskVolumeSource',
  VolumeDevice: 'devicePath:string name:string',
  VolumeMount:
    'mountPath:string mountPropagation:string name:string readOnly:boolean recursiveReadOnly:string subPath:string subPathExpr:string',
  VolumeMountStatus: 'mountPath:string name:string readOnly:boolean recursiveReadOnly:string',
  VolumeProjection:
    'clusterTrustBundle:ClusterTrustBundleProjection configMap:ConfigMapProjection downwardAPI:DownwardAPIProjection podCertificate:PodCertificateProjection secret:SecretProjection serviceAccountToken:ServiceAccountTokenProjection',
  VolumeResourceRequirements: 'limits:{quantity} requests:{quantity}',
  VsphereVirtualDiskVolumeSource:
    'fsType:string storagePolicyID:string storagePolicyName:string volumePath:string',
  WeightedPodAffinityTerm: 'podAffinityTerm:PodAffinityTerm weight:int32',
  WindowsSecurityContextOptions:
    'gmsaCredentialSpec:string gmsaCredentialSpecName:string hostProcess:boolean runAsUserName:string',
  WorkloadReference: 'name:string podGroup:string podGroupReplicaKey:string',
};
